package import Primitives

/// Reads a body in chunks that are signed one after the other, each with the signature of the one before, and checks them as they
/// pass: `STREAMING-AWS4-HMAC-SHA256-PAYLOAD`, with or without trailers, and the form whose chunks are not signed.
///
/// What is passed on of a chunk is believed only at its end; whoever gets it must not take the body for complete before `end`.
package struct SigV4Chunks: ~Copyable {
    private enum State {
        case size
        case data(left: Int)
        case dataEnd(seen: Int)
        case trailer
        case done
    }

    /// What signs the chunks; nil where they are not signed.
    private let chain: Chain?
    private let hasTrailers: Bool
    private var state = State.size
    private var line = ByteBuffer(capacity: 128)
    private var trailers: [[UInt8]] = []
    private var announced: [UInt8] = []
    private var isLast = false
    /// Bytes of data so far.
    package private(set) var count = 0

    private static let longestLine = 4096
    private static let mostTrailers = 16
    private static let largestChunk = 1 << 40

    /// - Parameters:
    ///   - signature: that of the request, from which the first chunk's is made; nil for chunks that are not signed.
    package init(signature: SigV4Signature?, key: SigV4Key, hasTrailers: Bool) throws(CryptoError) {
        chain = try signature.map { (signature) throws(CryptoError) in try Chain(signature, key) }
        self.hasTrailers = hasTrailers
    }

    /// Takes a piece of the body and passes on the data in it.
    package mutating func take<E: Error>(_ bytes: ByteView, _ next: (ByteView) throws(E) -> Void, failing: (SignatureError) -> E) throws(E) {
        var at = 0
        while at < bytes.count {
            switch state {
            case .data(let left):
                let piece = bytes[at..<min(bytes.count, at + left)]
                at += piece.count
                count += piece.count
                chain?.update(piece)
                state = piece.count == left ? .dataEnd(seen: 0) : .data(left: left - piece.count)
                try next(piece)
            case .dataEnd(let seen):
                guard bytes[at] == (seen == 0 ? 0x0d : 0x0a) else { throw failing(.malformed("a chunk is longer than it says")) }
                at += 1
                state = .dataEnd(seen: 1)
                guard seen == 1 else { continue }
                guard endChunk() else { throw failing(.invalid) }
                state = .size
            case .size, .trailer:
                let end = bytes.firstIndex(of: 0x0a, from: at)
                line.append(bytes[at..<(end ?? bytes.count)])
                guard line.count <= SigV4Chunks.longestLine else { throw failing(.malformed("a line between chunks is too long")) }
                at = (end ?? bytes.count) + 1
                if end != nil { do { try takeLine() } catch { throw failing(error) } }
            case .done: throw failing(.malformed("there is something behind the last chunk"))
            }
        }
    }

    /// The body is complete: throws unless its last chunk was.
    package func end() throws(SignatureError) {
        guard case .done = state else { throw .malformed("the last chunk is missing") }
    }

    private mutating func takeLine() throws(SignatureError) {
        defer { line.clear() }
        let view = line.view
        guard view.count > 0, view[view.count - 1] == 0x0d else {
            throw .malformed("a line between chunks does not end with CR LF")
        }
        let text = view.prefix(view.count - 1)
        if case .trailer = state { return try takeTrailer(text) }
        let semicolon = text.firstIndex(of: UInt8(ascii: ";")) ?? text.count
        guard let size = SigV4Chunks.size(text.prefix(semicolon)) else { throw .malformed("the size of a chunk is malformed") }
        let parameter = text.dropFirst(semicolon + 1)
        if chain != nil {
            guard parameter.hasPrefix("chunk-signature="), parameter.count == 80 else { throw .malformed("a chunk has no signature") }
            announced = parameter.dropFirst(16).array
        } else {
            guard parameter.isEmpty else { throw .malformed("a chunk has a signature") }
        }
        if size > 0 {
            state = .data(left: size)
        } else {
            guard endChunk() else { throw .invalid }
            state = .trailer
        }
    }

    /// A line behind the last chunk; an empty one is the end.
    private mutating func takeTrailer(_ text: ByteView) throws(SignatureError) {
        guard text.isEmpty else {
            guard hasTrailers, trailers.count < SigV4Chunks.mostTrailers else { throw .malformed("there are trailers that were not announced") }
            let colon = text.firstIndex(of: UInt8(ascii: ":")) ?? 0
            guard colon > 0 else { throw .malformed("a trailer is malformed") }
            if text.prefix(colon).equalsIgnoringCase("x-amz-trailer-signature") {
                announced = text.dropFirst(colon + 1).trimmed.array
                isLast = true
            } else {
                trailers.append(
                    text.prefix(colon).array.map(ASCII.lowercase) + [UInt8(ascii: ":")] + text.dropFirst(colon + 1).trimmed.array + [0x0a])
            }
            return
        }
        if let chain, hasTrailers {
            guard isLast, chain.endTrailers(trailers, announced) else { throw .invalid }
        }
        state = .done
    }

    private mutating func endChunk() -> Bool { chain?.endChunk(announced) ?? true }

    private static func size(_ text: ByteView) -> Int? {
        guard text.count > 0, text.count <= 16 else { return nil }
        var size = 0
        for i in 0..<text.count {
            guard let digit = ASCII.hexValue(text[i]), size <= largestChunk else { return nil }
            size = size << 4 | Int(digit)
        }
        return size <= largestChunk ? size : nil
    }
}

extension SigV4Chunks {
    /// The signatures of the chunks, each made with the one before.
    private final class Chain {
        private let key: SigV4Key
        private let head: [UInt8]
        private var previous: [UInt8]
        private let data: DigestStream

        init(_ signature: SigV4Signature, _ key: SigV4Key) throws(CryptoError) {
            self.key = key
            data = try DigestStream(.sha256)
            let out = ByteBuffer(capacity: 128)
            out.append(text: signature.time.text)
            out.append(byte: 0x0a)
            signature.scope.write(to: out)
            out.append(byte: 0x0a)
            head = out.view.array
            out.clear()
            out.append(hexOf: signature.bytes)
            previous = out.view.array
        }

        func update(_ bytes: ByteView) { data.update(bytes) }

        /// Whether the chunk whose data has come is signed so.
        func endChunk(_ announced: [UInt8]) -> Bool {
            guard let digest = try? data.finish() else { return false }
            return isSigned("AWS4-HMAC-SHA256-PAYLOAD\n", announced) { out in
                SigV4Payload.empty.write(to: out)
                out.append(byte: 0x0a)
                out.append(hexOf: digest)
            }
        }

        func endTrailers(_ trailers: [[UInt8]], _ announced: [UInt8]) -> Bool {
            for trailer in trailers.sorted(by: { $0.lexicographicallyPrecedes($1) }) { trailer.withView { data.update($0) } }
            guard let digest = try? data.finish() else { return false }
            return isSigned("AWS4-HMAC-SHA256-TRAILER\n", announced) { $0.append(hexOf: digest) }
        }

        private func isSigned(_ name: StaticString, _ announced: [UInt8], _ rest: (ByteBuffer) -> Void) -> Bool {
            let out = ByteBuffer(capacity: 512)
            out.append(name)
            head.withView { out.append($0) }
            previous.withView { out.append($0) }
            out.append(byte: 0x0a)
            rest(out)
            guard let signature = try? key.sign(out.view) else { return false }
            out.clear()
            out.append(hexOf: signature)
            previous = out.view.array
            return MAC.equal(previous, announced)
        }
    }
}
