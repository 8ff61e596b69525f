/// Reads the fields of a message in the wire format of Protocol Buffers, one after the other.
struct ProtobufReader {
    enum Value: Equatable {
        case number(UInt64)
        /// Text, bytes or a message.
        case bytes(ArraySlice<UInt8>)
        /// Of a fixed length, which no message here has a use for.
        case fixed
    }

    struct Malformed: Error, Equatable {}

    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    /// Nil at the end of the message.
    mutating func next() throws(Malformed) -> (field: Int, value: Value)? {
        guard !rest.isEmpty else { return nil }
        let tag = try varint()
        let field = Int(truncatingIfNeeded: tag >> 3)
        // Numbers have 29 bits.
        guard field > 0, tag >> 32 == 0 else { throw Malformed() }
        switch tag & 7 {
        case 0: return (field, .number(try varint()))
        case 1:
            _ = try take(8)
            return (field, .fixed)
        case 2:
            let count = try varint()
            guard count <= UInt64(rest.count) else { throw Malformed() }
            return (field, .bytes(try take(Int(count))))
        case 5:
            _ = try take(4)
            return (field, .fixed)
        // Groups are older than proto3.
        default: throw Malformed()
        }
    }

    private mutating func take(_ count: Int) throws(Malformed) -> ArraySlice<UInt8> {
        guard count <= rest.count else { throw Malformed() }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    private mutating func varint() throws(Malformed) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard let byte = rest.popFirst() else { throw Malformed() }
            // Of the tenth byte one bit is left.
            guard shift < 63 || byte < 2 else { throw Malformed() }
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
        }
        throw Malformed()
    }
}

extension ProtobufReader.Value {
    /// A text; nil for a value of another kind, and for what is no UTF-8.
    var text: String? {
        guard case .bytes(let bytes) = self else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    /// A number of 32 bits; negative ones come as 64 bits.
    var int: Int? {
        guard case .number(let number) = self else { return nil }
        return Int(Int32(truncatingIfNeeded: number))
    }

    var isTrue: Bool { if case .number(let number) = self { number != 0 } else { false } }

    /// A message; an empty one for a value of another kind.
    var message: ProtobufReader {
        if case .bytes(let bytes) = self { ProtobufReader(bytes) } else { ProtobufReader([]) }
    }
}
