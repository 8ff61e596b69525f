package import Primitives
package import Reactor

/// A layer whose records can be read in a test: a letter, one byte of length, and the bytes, in upper case.
///
/// The connecting side says `H`, the accepting side answers `H`; `D` is data, `E` the end, `A` an alert.
package final class TestLayer: ConnectionLayer {
    private let connects: Bool
    private var input: [UInt8] = []
    package private(set) var isReady = false
    /// Done with each record that is opened.
    package var then: (() -> Void)?
    /// Sealing fails.
    package var isBroken = false

    package init(connects: Bool = false) { self.connects = connects }

    package static func record(_ kind: Character, _ text: String = "") -> [UInt8] {
        Array("\(kind)".utf8) + [UInt8(truncatingIfNeeded: text.utf8.count)] + Array(text.utf8)
    }

    package func begin(sealed: ByteBuffer) -> LayerProgress {
        append("H", [], sealed)
        return .going
    }

    package func open(_ bytes: ByteView, plain: ByteBuffer, sealed: ByteBuffer) -> LayerProgress {
        input += bytes.array
        while input.count >= 2, input.count >= 2 + Int(input[1]) {
            let kind = input[0], body = input[2..<(2 + Int(input[1]))].map { $0 | 0x20 }
            input.removeFirst(2 + body.count)
            then?()
            switch kind {
            case UInt8(ascii: "H"):
                isReady = true
                if !connects { append("H", [], sealed) }
            case UInt8(ascii: "D"): body.withView { plain.append($0) }
            case UInt8(ascii: "E"): return .ended
            default:
                append("A", [], sealed)
                return .failed(SystemError("record", code: 71))
            }
        }
        return .going
    }

    package func seal(_ first: ByteView, _ second: ByteView, sealed: ByteBuffer) -> Bool {
        guard !isBroken else { return false }
        append("D", (first.array + second.array).map { $0 & ~0x20 }, sealed)
        return true
    }

    package func end(sealed: ByteBuffer) { append("E", [], sealed) }

    private func append(_ kind: Character, _ body: [UInt8], _ sealed: ByteBuffer) {
        (Array("\(kind)".utf8) + [UInt8(truncatingIfNeeded: body.count)] + body).withView { sealed.append($0) }
    }
}
