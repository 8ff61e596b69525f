import GatewayCore
import Identity
import Primitives

/// Compares a body with its digest as it passes. The last byte that has come is held back until the body is complete and right, so that
/// no upstream takes a wrong one for a whole one.
final class DigestStage: BodyStage {
    private let expected: ExpectedDigest
    private let held = ByteBuffer(capacity: 1)

    init(_ algorithm: DigestAlgorithm, _ digest: [UInt8]) throws(CryptoError) { expected = try ExpectedDigest(algorithm, digest) }

    var keepsLength: Bool { true }

    func take(_ bytes: ByteView, _ next: (ByteView) throws(GatewayError) -> Void) throws(GatewayError) {
        guard !bytes.isEmpty else { return }
        expected.update(bytes)
        if !held.isEmpty { try next(held.view) }
        held.clear()
        held.append(bytes.dropFirst(bytes.count - 1))
        if bytes.count > 1 { try next(bytes.prefix(bytes.count - 1)) }
    }

    func end(_ next: (ByteView) throws(GatewayError) -> Void) throws(GatewayError) {
        guard expected.isMet() else { throw GatewayError(.digestMismatch) }
        if !held.isEmpty { try next(held.view) }
    }
}

extension Reason {
    static let digestMismatch = Reason("digest_mismatch", 400, "The body does not have the digest that it should have", "http_request_error")
}
