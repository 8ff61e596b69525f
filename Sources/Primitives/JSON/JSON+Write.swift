extension JSON {
    /// Appends the value without white space, in UTF-8.
    package func write(to buffer: ByteBuffer) {
        switch self {
        case .null: buffer.append("null")
        case .bool(let value): buffer.append(value ? "true" : "false")
        case .number(let number): buffer.append(text: number.text)
        case .string(let text): JSON.write(text, to: buffer)
        case .array(let values):
            buffer.append("[")
            for (i, value) in values.enumerated() {
                if i > 0 { buffer.append(",") }
                value.write(to: buffer)
            }
            buffer.append("]")
        case .object(let object):
            buffer.append("{")
            for (i, member) in object.members.enumerated() {
                if i > 0 { buffer.append(",") }
                JSON.write(member.name, to: buffer)
                buffer.append(":")
                member.value.write(to: buffer)
            }
            buffer.append("}")
        }
    }

    /// The value as compact text.
    package var bytes: [UInt8] {
        let buffer = ByteBuffer(capacity: 256)
        write(to: buffer)
        return buffer.view.array
    }

    /// A string with what has to be escaped (RFC 8259 §7), and nothing else, escaped.
    private static func write(_ text: String, to buffer: ByteBuffer) {
        buffer.append("\"")
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): buffer.append("\\\"")
            case UInt8(ascii: "\\"): buffer.append("\\\\")
            case 0x0a: buffer.append("\\n")
            case 0x0d: buffer.append("\\r")
            case 0x09: buffer.append("\\t")
            case 0..<0x20:
                buffer.append("\\u00")
                buffer.append(byte: ASCII.hexDigit(byte >> 4))
                buffer.append(byte: ASCII.hexDigit(byte & 15))
            default: buffer.append(byte: byte)
            }
        }
        buffer.append("\"")
    }
}
