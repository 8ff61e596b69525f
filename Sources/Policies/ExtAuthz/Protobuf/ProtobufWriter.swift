/// Writes a message in the wire format of Protocol Buffers. As proto3 has it, values that are a field's default are left out.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    mutating func string(_ field: Int, _ value: String) {
        if !value.isEmpty { delimited(field, Array(value.utf8)) }
    }

    mutating func data(_ field: Int, _ value: [UInt8]) {
        if !value.isEmpty { delimited(field, value) }
    }

    mutating func integer(_ field: Int, _ value: Int) {
        guard value != 0 else { return }
        varint(UInt64(truncatingIfNeeded: field) << 3)
        varint(UInt64(bitPattern: Int64(value)))
    }

    /// A message is there even when nothing is in it.
    mutating func message(_ field: Int, _ write: (inout ProtobufWriter) -> Void) {
        var inner = ProtobufWriter()
        write(&inner)
        delimited(field, inner.bytes)
    }

    /// An entry of a `map<string, string>`.
    mutating func entry(_ field: Int, _ key: String, _ value: String) {
        message(field) {
            $0.string(1, key)
            $0.string(2, value)
        }
    }

    private mutating func delimited(_ field: Int, _ content: [UInt8]) {
        varint(UInt64(truncatingIfNeeded: field) << 3 | 2)
        varint(UInt64(content.count))
        bytes += content
    }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }
}
