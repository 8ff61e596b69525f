import Primitives

/// Takes the data out of server-sent events, in pieces of any size (WHATWG HTML §9.2.6).
struct EventLines {
    enum Piece: Equatable {
        /// A part of an event's data.
        case data(Range<Int>)
        /// The event is complete.
        case end
    }

    private enum State: Equatable {
        /// So many bytes of `data:` have come at the beginning of a line.
        case start(Int)
        /// A blank may follow.
        case colon
        case data
        /// Another field.
        case skip
    }

    private static let name: StaticString = "data:"
    private var state = State.start(0)
    /// The last byte was a CR, to which a LF belongs.
    private var isAfterReturn = false

    /// What comes next in `bytes` from `at` on; nil when all of them have been looked at.
    mutating func next(_ bytes: ByteView, _ at: inout Int) -> Piece? {
        let name = ByteView(EventLines.name)
        while at < bytes.count {
            let byte = bytes[at]
            if byte == UInt8(ascii: "\n"), isAfterReturn {
                isAfterReturn = false
                at += 1
                continue
            }
            isAfterReturn = byte == UInt8(ascii: "\r")
            if byte == UInt8(ascii: "\n") || isAfterReturn {
                at += 1
                defer { state = .start(0) }
                if state == .start(0) { return .end }
                continue
            }
            switch state {
            case .start(let count):
                at += 1
                guard byte == name[count] else {
                    state = .skip
                    continue
                }
                state = count + 1 == name.count ? .colon : .start(count + 1)
            case .colon:
                if byte == 0x20 { at += 1 }
                state = .data
            case .data:
                let start = at
                at = lineEnd(bytes, from: at)
                return .data(start..<at)
            case .skip: at = lineEnd(bytes, from: at)
            }
        }
        return nil
    }

    private func lineEnd(_ bytes: ByteView, from start: Int) -> Int {
        var at = start
        while at < bytes.count, bytes[at] != UInt8(ascii: "\n"), bytes[at] != UInt8(ascii: "\r") { at += 1 }
        return at
    }
}
