import GatewayCore
import Identity
import Primitives

/// Checks a body of signed chunks as it passes, and takes it apart where that is wanted.
final class SigV4ChunkStage: BodyStage {
    private var chunks: SigV4Chunks
    private let decodes: Bool
    /// How many bytes there should be in the chunks; nil: it is not said.
    private let announced: Int?

    /// - Parameter signature: that of the request; nil for chunks that are not signed.
    init?(_ signature: SigV4Signature?, _ key: SigV4Key, hasTrailers: Bool, decodes: Bool, _ exchange: Exchange) {
        guard let chunks = try? SigV4Chunks(signature: signature, key: key, hasTrailers: hasTrailers) else { return nil }
        self.chunks = chunks
        self.decodes = decodes
        let fields = exchange.request.fields
        announced = fields.first(ByteView("x-amz-decoded-content-length")).flatMap(\.decimal)
        if decodes { SigV4ChunkStage.announceDecoded(fields) }
    }

    /// `aws-chunked` is no longer among the codings, and its fields say nothing true any more.
    private static func announceDecoded(_ fields: HeaderFields) {
        let name = ByteView("content-encoding"), kept = ByteBuffer()
        fields.forEach(named: name) { line in
            line.forEachListElement { coding in
                if !coding.equalsIgnoringCase("aws-chunked") {
                    if !kept.isEmpty { kept.append(", ") }
                    kept.append(coding)
                }
                return true
            }
            return true
        }
        fields.remove(named: name)
        if !kept.isEmpty { fields.append(.other, name: name, kept.view) }
        fields.remove(named: ByteView("x-amz-trailer"))
    }

    var keepsLength: Bool { !decodes }

    func take(_ bytes: ByteView, _ next: (ByteView) throws(GatewayError) -> Void) throws(GatewayError) {
        if decodes {
            try chunks.take(bytes, next, failing: SigV4ChunkStage.error)
        } else {
            // The signature of the last chunk is seen before the last byte is passed on.
            try chunks.take(bytes, { (_) throws(GatewayError) in }, failing: SigV4ChunkStage.error)
            try next(bytes)
        }
    }

    func end(_ next: (ByteView) throws(GatewayError) -> Void) throws(GatewayError) {
        do throws(SignatureError) { try chunks.end() } catch { throw SigV4ChunkStage.error(error) }
        guard announced == nil || announced == chunks.count else { throw GatewayError(.digestMismatch) }
    }

    private static func error(_ error: SignatureError) -> GatewayError { GatewayError(.digestMismatch, "The body is not accepted: \(error).") }
}
