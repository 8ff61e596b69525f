extension PlainYAML {
    /// A scalar as read: its text, and whether it is plain and means nothing.
    struct Scalar {
        var text: String
        var isNull: Bool
        var style: ScalarStyle
    }

    /// `{…}` or `[…]` on one line.
    mutating func flow(depth: Int) throws(Unusual) -> ConfigNode {
        guard depth < PlainYAML.maximumDepth else { throw Unusual() }
        let position = position(at)
        let isMap = current == UInt8(ascii: "{")
        at += 1
        var nodes: [ConfigNode] = []
        var entries: [ConfigNode.Entry] = []
        while true {
            skipSpaces()
            if current == (isMap ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                at += 1
                return ConfigNode(isMap ? .map(withoutDuplicates(entries)) : .list(nodes), at: position)
            }
            if isMap { entries.append(try flowEntry(depth: depth)) } else { nodes.append(try flowValue(depth: depth)) }
            skipSpaces()
            if current == UInt8(ascii: ",") {
                at += 1
            } else if current != (isMap ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                throw Unusual()
            }
        }
    }

    private mutating func flowEntry(depth: Int) throws(Unusual) -> ConfigNode.Entry {
        let start = at
        let place = position(at)
        let scalar = try scalar(inFlow: true)
        let name = try key(scalar, from: start)
        skipSpaces()
        guard current == UInt8(ascii: ":"), following == 0x20 || scalar.style != .plain else { throw Unusual() }
        at += 1
        let empty = ConfigNode(.null, at: position(at))
        skipSpaces()
        let isEmpty = current == UInt8(ascii: ",") || current == UInt8(ascii: "}")
        return ConfigNode.Entry(key: name, position: place, value: isEmpty ? empty : try flowValue(depth: depth))
    }

    private mutating func flowValue(depth: Int) throws(Unusual) -> ConfigNode {
        if current == UInt8(ascii: "{") || current == UInt8(ascii: "[") { return try flow(depth: depth + 1) }
        let position = position(at)
        let scalar = try scalar(inFlow: true)
        return ConfigNode(scalar.isNull ? .null : .scalar(scalar.text), at: position, style: scalar.style)
    }

    /// A plain or quoted scalar on one line.
    mutating func scalar(inFlow: Bool) throws(Unusual) -> Scalar {
        let first = current
        if first == UInt8(ascii: "\"") || first == UInt8(ascii: "'") { return try quoted(first, inFlow: inFlow) }
        // Indicators; a dash starts a scalar unless a space follows.
        guard !PlainYAML.isIndicator(first), first != UInt8(ascii: "-") || (following != 0x20 && following != 0x0a && !inFlow) else {
            throw Unusual()
        }
        let start = at
        var end = at
        scan: while at < bytes.count {
            let byte = bytes[at]
            switch byte {
            case 0x0a: break scan
            case 0x20:
                if following == UInt8(ascii: "#") { break scan }
                at += 1
                continue
            case UInt8(ascii: ":"):
                if following == 0x20 || following == 0x0a { break scan }
                if inFlow, PlainYAML.isFlowIndicator(following) || following == UInt8(ascii: "?") { throw Unusual() }
            case UInt8(ascii: "?"): if inFlow { throw Unusual() }
            default: if inFlow, PlainYAML.isFlowIndicator(byte) { break scan }
            }
            at += 1
            end = at
        }
        at = end
        let text = string(start, end)
        return Scalar(text: text, isNull: PlainYAML.isNull(text), style: .plain)
    }

    private mutating func quoted(_ mark: UInt8, inFlow: Bool) throws(Unusual) -> Scalar {
        at += 1
        let start = at
        while current != mark {
            if current == 0x0a || (current == UInt8(ascii: "\\") && mark == UInt8(ascii: "\"")) { throw Unusual() }
            at += 1
        }
        let text = string(start, at)
        at += 1
        // Another quote is an escaped one; anything else that touches the quote is left to the full parser.
        switch current {
        case 0x0a, 0x20, UInt8(ascii: ":"): break
        case UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"): if !inFlow { throw Unusual() }
        default: throw Unusual()
        }
        return Scalar(text: text, isNull: false, style: mark == UInt8(ascii: "'") ? .singleQuoted : .doubleQuoted)
    }

    private func string(_ start: Int, _ end: Int) -> String { String(decoding: bytes[start..<end], as: UTF8.self) }

    private static func isFlowIndicator(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"), UInt8(ascii: "}"): true
        default: false
        }
    }

    private static func isIndicator(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "?"), UInt8(ascii: ":"), UInt8(ascii: "#"), UInt8(ascii: "&"), UInt8(ascii: "*"), UInt8(ascii: "!"),
            UInt8(ascii: "|"), UInt8(ascii: ">"), UInt8(ascii: "%"), UInt8(ascii: "@"), UInt8(ascii: "`"), 0x0a:
            true
        default: isFlowIndicator(byte)
        }
    }
}

extension PlainYAML {
    /// Plain scalars of the core schema that mean nothing.
    static func isNull(_ text: String) -> Bool {
        switch text {
        case "", "~", "null", "Null", "NULL": true
        default: false
        }
    }

    /// Whether all characters have no meaning beyond themselves, and whether some take more than one byte.
    static func scan(_ bytes: [UInt8]) -> (isReadable: Bool, isWide: Bool) {
        var isWide = false
        for (i, byte) in bytes.enumerated() {
            if byte < 0x20 {
                guard byte == 0x0a else { return (false, isWide) }
            } else if byte >= 0x7f {
                isWide = true
                // Control characters, the line breaks U+0085, U+2028 and U+2029, byte order marks and U+FFFE.
                switch byte {
                case 0x7f: return (false, true)
                case 0xc2: if bytes[i + 1] < 0xa0 { return (false, true) }
                case 0xe2: if bytes[i + 1] == 0x80, bytes[i + 2] & 0xfe == 0xa8 { return (false, true) }
                case 0xef: if bytes[i + 1] == 0xbb || bytes[i + 1] == 0xbf { return (false, true) }
                default: break
                }
            }
        }
        return (true, isWide)
    }
}
