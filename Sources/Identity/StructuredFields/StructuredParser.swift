package import Primitives

/// Reads structured fields (RFC 9651 §4.2). Several lines of a field are joined with ", " before.
///
/// Strict where the RFC is, with one exception that it asks for: Base64 may come without its padding. A field may have up to 1024
/// members, and an item up to 256 parameters, which every parser must be able to take.
package struct StructuredParser {
    let bytes: ByteView
    var at = 0

    static let mostMembers = 1024
    static let mostParameters = 256

    private init(_ bytes: ByteView) { self.bytes = bytes }

    package static func list(_ field: ByteView) throws(StructuredFieldError) -> [StructuredMember] {
        var parser = StructuredParser(field)
        parser.skipSpaces()
        let list = try parser.list()
        try parser.end()
        return list
    }

    package static func dictionary(_ field: ByteView) throws(StructuredFieldError) -> StructuredDictionary {
        var parser = StructuredParser(field)
        parser.skipSpaces()
        let dictionary = try parser.dictionary()
        try parser.end()
        return dictionary
    }

    package static func item(_ field: ByteView) throws(StructuredFieldError) -> StructuredItem {
        var parser = StructuredParser(field)
        parser.skipSpaces()
        let item = try parser.item()
        try parser.end()
        return item
    }

    // MARK: Containers

    private mutating func list() throws(StructuredFieldError) -> [StructuredMember] {
        var members: [StructuredMember] = []
        while !isAtEnd {
            guard members.count < Self.mostMembers else { throw error("fewer members") }
            members.append(try member())
            if try isLast() { break }
        }
        return members
    }

    private mutating func dictionary() throws(StructuredFieldError) -> StructuredDictionary {
        var members = StructuredDictionary()
        while !isAtEnd {
            let key = try key()
            if take(UInt8(ascii: "=")) {
                members[key] = try member()
            } else {
                members[key] = .item(StructuredItem(.boolean(true), try parameters()))
            }
            guard members.count <= Self.mostMembers else { throw error("fewer members") }
            if try isLast() { break }
        }
        return members
    }

    /// Behind a member: true at the end of the field, false behind a comma.
    private mutating func isLast() throws(StructuredFieldError) -> Bool {
        skipBlanks()
        if isAtEnd { return true }
        guard take(UInt8(ascii: ",")) else { throw error("a comma") }
        skipBlanks()
        guard !isAtEnd else { throw error("a member behind the comma") }
        return false
    }

    private mutating func member() throws(StructuredFieldError) -> StructuredMember {
        guard take(UInt8(ascii: "(")) else { return .item(try item()) }
        var items: [StructuredItem] = []
        while true {
            skipSpaces()
            if take(UInt8(ascii: ")")) { return .innerList(InnerList(items, try parameters())) }
            guard items.count < Self.mostMembers else { throw error("fewer items") }
            items.append(try item())
            guard let next = peek, next == UInt8(ascii: " ") || next == UInt8(ascii: ")") else { throw error("a space or a parenthesis") }
        }
    }

    private mutating func item() throws(StructuredFieldError) -> StructuredItem {
        let value = try bareItem()
        return StructuredItem(value, try parameters())
    }

    private mutating func parameters() throws(StructuredFieldError) -> StructuredParameters {
        var parameters = StructuredParameters()
        while take(UInt8(ascii: ";")) {
            skipSpaces()
            let key = try key()
            parameters[key] = take(UInt8(ascii: "=")) ? try bareItem() : .boolean(true)
            guard parameters.count <= Self.mostParameters else { throw error("fewer parameters") }
        }
        return parameters
    }

    // MARK: Bytes

    var isAtEnd: Bool { at >= bytes.count }
    var peek: UInt8? { at < bytes.count ? bytes[at] : nil }

    mutating func take(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        at += 1
        return true
    }

    func error(_ expected: StaticString) -> StructuredFieldError { StructuredFieldError(expected: expected, offset: at) }

    private mutating func skipSpaces() { while peek == UInt8(ascii: " ") { at += 1 } }
    private mutating func skipBlanks() { while let byte = peek, ASCII.isBlank(byte) { at += 1 } }

    private mutating func end() throws(StructuredFieldError) {
        skipSpaces()
        guard isAtEnd else { throw error("the end") }
    }
}
