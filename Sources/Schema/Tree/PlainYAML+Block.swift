extension PlainYAML {
    /// The node that starts here, at the first character of a line's content. Ends at the next content, or the end.
    mutating func block(indent: Int, depth: Int) throws(Unusual) -> ConfigNode {
        guard depth < PlainYAML.maximumDepth else { throw Unusual() }
        if isDash() { return try list(indent: indent, depth: depth) }
        return try valueOrMap(indent: indent, depth: depth)
    }

    private func isDash() -> Bool { current == UInt8(ascii: "-") && (following == 0x20 || following == 0x0a) }

    /// A scalar, a flow collection, or the first key of a map.
    private mutating func valueOrMap(indent: Int, depth: Int) throws(Unusual) -> ConfigNode {
        let position = position(at)
        if current == UInt8(ascii: "{") || current == UInt8(ascii: "[") {
            let node = try flow(depth: depth)
            try endOfLine()
            _ = try nextContent()
            return node
        }
        let start = at
        let scalar = try scalar(inFlow: false)
        if isColon() {
            return try map(indent: indent, firstKey: key(scalar, from: start), at: position, depth: depth)
        }
        try endOfLine()
        _ = try nextContent()
        return ConfigNode(scalar.isNull ? .null : .scalar(scalar.text), at: position, style: scalar.style)
    }

    /// A colon that ends a key.
    private func isColon() -> Bool { current == UInt8(ascii: ":") && (following == 0x20 || following == 0x0a) }

    /// The text of a scalar as a key. Parsers only look 1024 characters ahead for the colon.
    func key(_ scalar: Scalar, from start: Int) throws(Unusual) -> String {
        guard at - start <= 1000, !scalar.text.isEmpty, scalar.text != "<<" else { throw Unusual() }
        return scalar.text
    }

    private mutating func map(indent: Int, firstKey: String, at start: SourcePosition, depth: Int) throws(Unusual) -> ConfigNode {
        var entries: [ConfigNode.Entry] = []
        var name = firstKey
        var place = start
        while true {
            at += 1
            let value = try valueOfKey(indent: indent, depth: depth)
            entries.append(ConfigNode.Entry(key: name, position: place, value: value))
            // `at` is at the next content now.
            let next = at < bytes.count ? column(at) : -1
            if next < indent { return ConfigNode(.map(withoutDuplicates(entries)), at: start) }
            guard next == indent, !isDash() else { throw Unusual() }
            place = position(at)
            let begin = at
            let scalar = try scalar(inFlow: false)
            guard isColon() else { throw Unusual() }
            name = try key(scalar, from: begin)
        }
    }

    /// The value behind a colon, on this line or on the next ones.
    private mutating func valueOfKey(indent: Int, depth: Int) throws(Unusual) -> ConfigNode {
        let empty = ConfigNode(.null, at: position(at))
        skipSpaces()
        if isAtEndOfLine() {
            try endOfLine()
            let next = try nextContent()
            if next > indent { return try block(indent: next, depth: depth + 1) }
            // A list may stand at the same indentation as its key.
            if next == indent, isDash() { return try list(indent: next, depth: depth + 1) }
            return empty
        }
        let position = position(at)
        if current == UInt8(ascii: "{") || current == UInt8(ascii: "[") {
            let node = try flow(depth: depth + 1)
            try endOfLine()
            _ = try nextContent()
            return node
        }
        let scalar = try scalar(inFlow: false)
        try endOfLine()
        _ = try nextContent()
        return ConfigNode(scalar.isNull ? .null : .scalar(scalar.text), at: position, style: scalar.style)
    }

    private mutating func list(indent: Int, depth: Int) throws(Unusual) -> ConfigNode {
        let start = position(at)
        var nodes: [ConfigNode] = []
        while true {
            let empty = ConfigNode(.null, at: position(at + 1))
            at += 1
            skipSpaces()
            if isAtEndOfLine() {
                try endOfLine()
                let next = try nextContent()
                nodes.append(next > indent ? try block(indent: next, depth: depth + 1) : empty)
            } else {
                nodes.append(try block(indent: column(at), depth: depth + 1))
            }
            let next = at < bytes.count ? column(at) : -1
            if next < indent || (next == indent && !isDash()) { return ConfigNode(.list(nodes), at: start) }
            guard next == indent else { throw Unusual() }
        }
    }
}
