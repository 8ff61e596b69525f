import Primitives

/// Finds values in JSON that passes by, in pieces of any size. It keeps where it is, the beginning of a name and a number, and nothing of the
/// text. It does not judge: what is no JSON leads nowhere, until `restart`. Texts one behind the other are all looked at (NDJSON).
struct JSONScanner {
    /// What was found at a place that was looked for.
    enum Found: Equatable {
        case number(JSONPaths.Find, Int)
        /// So many bytes of a string, escapes counted as they are written.
        case text(JSONPaths.Find, Int)
        /// The beginning of any other value: `t`, `f`, `n`, `{`, `[`.
        case other(JSONPaths.Find, UInt8)
    }

    private enum State: Equatable {
        /// Before a value, or between two texts.
        case value
        /// Before a name, or the end of an object.
        case name
        case colon
        /// Behind a value within something.
        case comma
        case string, escape
        case number
        /// `true`, `false`, `null`.
        case word
        /// It makes no sense from here.
        case lost
    }

    private struct Level {
        /// The place in the tree of what stands here; -1 outside of it.
        var node: Int32 = -1
        var isArray = false
    }

    private let paths: JSONPaths
    private var state = State.value
    private var isName = false
    /// Levels from the outermost; those beyond are only counted.
    private var levels: [16 of Level] = .init(repeating: Level())
    private var depth = 0
    /// The place of the value that comes.
    private var node: Int32 = 0
    private var name: [64 of UInt8] = .init(repeating: 0)
    private var nameCount = 0
    /// Digits of a `\u` that are still to come, and what they make.
    private var hexLeft = 0
    private var hex = 0
    private var stringBytes = 0
    private var number = JSONNumberReader()

    init(_ paths: JSONPaths) { self.paths = paths }

    /// Forgets what has begun.
    mutating func restart() {
        state = .value
        depth = 0
        node = 0
        hexLeft = 0
    }

    /// Looks at a piece. A value is told as soon as it is complete, a string in the parts in which it comes.
    mutating func scan(_ bytes: ByteView, _ found: (Found) -> Void) {
        var at = 0
        while at < bytes.count {
            switch state {
            case .string: string(bytes, &at, found)
            case .escape:
                escape(bytes[at])
                at += 1
            case .number where number.take(bytes[at]): at += 1
            case .number: endNumber(found)
            case .word where ASCII.isLetter(bytes[at]): at += 1
            case .word: state = depth == 0 ? .value : .comma
            case .lost: return
            default:
                step(bytes[at], found)
                at += 1
            }
        }
        if state == .string { tellString(found) }
    }

    /// Everything has come: a number at the very end is complete.
    mutating func end(_ found: (Found) -> Void) {
        if state == .number { endNumber(found) }
    }

    private func find(_ node: Int32) -> JSONPaths.Find? { node < 0 ? nil : paths.nodes[Int(node)].find }

    private mutating func step(_ byte: UInt8, _ found: (Found) -> Void) {
        switch byte {
        case 0x20, 0x09, 0x0a, 0x0d: return
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            guard state == .value else { return state = .lost }
            if let find = find(node) { found(.other(find, byte)) }
            open(isArray: byte == UInt8(ascii: "["))
        case UInt8(ascii: "}"), UInt8(ascii: "]"): close(isArray: byte == UInt8(ascii: "]"))
        case UInt8(ascii: ","):
            guard state == .comma else { return state = .lost }
            let isArray = depth <= levels.count ? levels[depth - 1].isArray : false
            // Beyond what is kept nobody knows what is around; a name and a value look alike there.
            state = isArray || depth > levels.count ? .value : .name
            node = isArray ? levels[depth - 1].node : -1
        case UInt8(ascii: ":"):
            // Beyond what is kept, names were taken for values.
            guard state == .colon || state == .comma && depth > levels.count else { return state = .lost }
            state = .value
        case UInt8(ascii: "\""):
            guard state == .value || state == .name else { return state = .lost }
            isName = state == .name
            state = .string
            nameCount = 0
            stringBytes = 0
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            guard state == .value else { return state = .lost }
            number = JSONNumberReader()
            _ = number.take(byte)
            state = .number
        case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"):
            guard state == .value else { return state = .lost }
            if let find = find(node) { found(.other(find, byte)) }
            state = .word
        default: state = .lost
        }
    }

    private mutating func open(isArray: Bool) {
        depth += 1
        if depth <= levels.count { levels[depth - 1] = Level(node: node, isArray: isArray) }
        state = isArray || depth > levels.count ? .value : .name
        if !isArray { node = -1 }
    }

    private mutating func close(isArray: Bool) {
        guard depth > 0, state != .colon, depth > levels.count || levels[depth - 1].isArray == isArray else { return state = .lost }
        depth -= 1
        ended()
    }

    /// A value is complete.
    private mutating func ended() {
        if depth == 0 {
            state = .value
            node = 0
        } else {
            state = .comma
        }
    }

    private mutating func endNumber(_ found: (Found) -> Void) {
        if let find = find(node), let value = number.value { found(.number(find, value)) }
        ended()
    }
}

// MARK: Strings

extension JSONScanner {
    private mutating func string(_ bytes: ByteView, _ at: inout Int, _ found: (Found) -> Void) {
        while at < bytes.count {
            let byte = bytes[at]
            at += 1
            if byte == UInt8(ascii: "\\") { return state = .escape }
            if byte == UInt8(ascii: "\"") { return endString(found) }
            if isName { append(byte) } else { stringBytes += 1 }
        }
    }

    private mutating func append(_ byte: UInt8) {
        if nameCount < name.count { name[nameCount] = byte }
        nameCount += 1
    }

    private mutating func escape(_ byte: UInt8) {
        if hexLeft > 0 {
            guard let digit = ASCII.hexValue(byte) else { return state = .lost }
            hex = hex << 4 | Int(digit)
            hexLeft -= 1
            guard hexLeft == 0 else { return }
            // Names that are looked for are ASCII.
            append(hex < 0x80 ? UInt8(truncatingIfNeeded: hex) : 0xff)
        } else if byte == UInt8(ascii: "u") {
            hexLeft = 4
            hex = 0
            return
        } else {
            append(byte)
        }
        stringBytes += 1
        state = .string
    }

    private mutating func endString(_ found: (Found) -> Void) {
        guard isName else {
            tellString(found)
            return ended()
        }
        node = child(of: depth <= levels.count ? levels[depth - 1].node : -1)
        state = .colon
    }

    private mutating func tellString(_ found: (Found) -> Void) {
        guard !isName, stringBytes > 0 else { return }
        if let find = find(node) { found(.text(find, stringBytes)) }
        stringBytes = 0
    }

    private func child(of node: Int32) -> Int32 {
        guard node >= 0, nameCount <= name.count else { return -1 }
        for (known, place) in paths.nodes[Int(node)].names where known.count == nameCount {
            if known.indices.allSatisfy({ known[$0] == name[$0] }) { return Int32(place) }
        }
        return -1
    }
}
