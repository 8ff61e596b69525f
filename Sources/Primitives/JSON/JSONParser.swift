extension JSON {
    /// Parses one JSON text (RFC 8259 §2), strictly: no comments, no byte order mark, no member twice, nothing behind the value.
    package static func parse(_ bytes: ByteView, limits: JSONLimits = JSONLimits()) throws(JSONError) -> JSON {
        var parser = JSONParser(bytes, limits)
        return try parser.whole()
    }

    package static func parse(_ bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) -> JSON {
        let result: Result<JSON, JSONError> = bytes.withView { view in
            Result { () throws(JSONError) in try parse(view, limits: limits) }
        }
        return try result.get()
    }

    package static func parse(_ text: String, limits: JSONLimits = JSONLimits()) throws(JSONError) -> JSON {
        try parse(Array(text.utf8), limits: limits)
    }
}

private struct JSONParser {
    private let bytes: ByteView
    private let limits: JSONLimits
    private var at = 0
    private var values = 0

    init(_ bytes: ByteView, _ limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    mutating func whole() throws(JSONError) -> JSON {
        guard bytes.count <= limits.bytes else { throw JSONError(flaw: .tooLong, offset: limits.bytes) }
        let value = try value(depth: 0)
        skipSpace()
        if at < bytes.count { throw error(.trailingBytes) }
        return value
    }

    private func error(_ flaw: JSONError.Flaw) -> JSONError { JSONError(flaw: flaw, offset: at) }

    private mutating func skipSpace() {
        while at < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[at]) { at += 1 }
    }

    /// The next byte that is no white space, which stays where it is.
    private mutating func peek() throws(JSONError) -> UInt8 {
        skipSpace()
        guard at < bytes.count else { throw error(.unexpectedEnd) }
        return bytes[at]
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSON {
        values += 1
        if values > limits.values { throw error(.tooManyValues) }
        switch try peek() {
        case UInt8(ascii: "{"): return try object(depth: depth + 1)
        case UInt8(ascii: "["): return try array(depth: depth + 1)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
        default: throw error(.unexpectedByte)
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSON) throws(JSONError) -> JSON {
        let wanted = ByteView(word)
        guard at + wanted.count <= bytes.count else { throw error(.unexpectedEnd) }
        guard bytes[at..<at + wanted.count] == wanted else { throw error(.unexpectedByte) }
        at += wanted.count
        return value
    }

    private mutating func array(depth: Int) throws(JSONError) -> JSON {
        if depth > limits.depth { throw error(.tooDeep) }
        at += 1
        var elements: [JSON] = []
        if try peek() == UInt8(ascii: "]") {
            at += 1
            return .array([])
        }
        while true {
            elements.append(try value(depth: depth))
            if try isEnd(UInt8(ascii: "]")) { return .array(elements) }
        }
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSON {
        if depth > limits.depth { throw error(.tooDeep) }
        at += 1
        var members: [(name: String, value: JSON)] = []
        var names: Set<String> = []
        if try peek() == UInt8(ascii: "}") {
            at += 1
            return .object(JSONObject())
        }
        while true {
            guard try peek() == UInt8(ascii: "\"") else { throw error(.unexpectedByte) }
            let place = at
            let name = try string()
            guard names.insert(name).inserted else { throw JSONError(flaw: .duplicateName, offset: place) }
            guard try peek() == UInt8(ascii: ":") else { throw error(.unexpectedByte) }
            at += 1
            members.append((name, try value(depth: depth)))
            if try isEnd(UInt8(ascii: "}")) { return .object(JSONObject(distinct: members)) }
        }
    }

    /// Whether `end` comes, rather than a comma.
    private mutating func isEnd(_ end: UInt8) throws(JSONError) -> Bool {
        let byte = try peek()
        guard byte == end || byte == UInt8(ascii: ",") else { throw error(.unexpectedByte) }
        at += 1
        return byte == end
    }

    /// RFC 8259 §6.
    private mutating func number() throws(JSONError) -> JSONNumber {
        let start = at
        if bytes[at] == UInt8(ascii: "-") { at += 1 }
        let whole = try digits()
        if whole.count > 1, bytes[whole.lowerBound] == UInt8(ascii: "0") { throw JSONError(flaw: .malformedNumber, offset: start) }
        if at < bytes.count, bytes[at] == UInt8(ascii: ".") {
            at += 1
            _ = try digits()
        }
        if at < bytes.count, bytes[at] | 0x20 == UInt8(ascii: "e") {
            at += 1
            if at < bytes.count, bytes[at] == UInt8(ascii: "+") || bytes[at] == UInt8(ascii: "-") { at += 1 }
            _ = try digits()
        }
        return JSONNumber(text: bytes[start..<at].string)
    }

    private mutating func digits() throws(JSONError) -> Range<Int> {
        let start = at
        while at < bytes.count, ASCII.isDigit(bytes[at]) { at += 1 }
        if start == at { throw error(at == bytes.count ? .unexpectedEnd : .malformedNumber) }
        return start..<at
    }

    private mutating func string() throws(JSONError) -> String {
        at += 1
        let start = at
        while at < bytes.count, bytes[at] != UInt8(ascii: "\""), bytes[at] != UInt8(ascii: "\\"), bytes[at] >= 0x20 { at += 1 }
        guard at < bytes.count else { throw error(.unexpectedEnd) }
        // Most strings have no escape.
        if bytes[at] == UInt8(ascii: "\"") {
            at += 1
            return try text(bytes[start..<at - 1].array, at: start)
        }
        var text = bytes[start..<at].array
        while at < bytes.count {
            let byte = bytes[at]
            switch byte {
            case UInt8(ascii: "\""):
                at += 1
                return try self.text(text, at: start)
            case UInt8(ascii: "\\"): try escape(into: &text)
            case 0..<0x20: throw error(.controlCharacter)
            default:
                text.append(byte)
                at += 1
            }
        }
        throw error(.unexpectedEnd)
    }

    private func text(_ bytes: [UInt8], at offset: Int) throws(JSONError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw JSONError(flaw: .invalidUTF8, offset: offset) }
        return text
    }

    private mutating func escape(into text: inout [UInt8]) throws(JSONError) {
        guard at + 1 < bytes.count else { throw JSONError(flaw: .unexpectedEnd, offset: bytes.count) }
        let kind = bytes[at + 1]
        guard kind != UInt8(ascii: "u") else {
            try unicode(into: &text)
            return
        }
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(kind)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0c)
        case UInt8(ascii: "n"): text.append(0x0a)
        case UInt8(ascii: "r"): text.append(0x0d)
        case UInt8(ascii: "t"): text.append(0x09)
        default: throw error(.malformedEscape)
        }
        at += 2
    }

    /// `\u` and four digits, twice for what lies beyond the basic plane (RFC 8259 §7).
    private mutating func unicode(into text: inout [UInt8]) throws(JSONError) {
        let start = at
        var value = try unit()
        switch value {
        case 0xdc00...0xdfff: throw JSONError(flaw: .loneSurrogate, offset: start)
        case 0xd800...0xdbff:
            guard at + 1 < bytes.count, bytes[at] == UInt8(ascii: "\\"), bytes[at + 1] == UInt8(ascii: "u") else {
                throw JSONError(flaw: .loneSurrogate, offset: start)
            }
            let low = try unit()
            guard 0xdc00...0xdfff ~= low else { throw JSONError(flaw: .loneSurrogate, offset: start) }
            value = 0x10000 + (value - 0xd800) << 10 + (low - 0xdc00)
        default: break
        }
        guard let scalar = Unicode.Scalar(value) else { throw JSONError(flaw: .malformedEscape, offset: start) }
        text.append(contentsOf: String(scalar).utf8)
    }

    private mutating func unit() throws(JSONError) -> UInt32 {
        guard at + 6 <= bytes.count else { throw JSONError(flaw: .unexpectedEnd, offset: bytes.count) }
        var value: UInt32 = 0
        for i in at + 2..<at + 6 {
            guard let digit = ASCII.hexValue(bytes[i]) else { throw JSONError(flaw: .malformedEscape, offset: at) }
            value = value << 4 | UInt32(digit)
        }
        at += 6
        return value
    }
}
