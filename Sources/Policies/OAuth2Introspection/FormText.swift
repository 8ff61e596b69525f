import Primitives

/// Makes texts of `application/x-www-form-urlencoded`.
enum FormText {
    static func encode(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        for byte in bytes {
            if ASCII.isUnreserved(byte) {
                out.append(byte)
            } else {
                out += [UInt8(ascii: "%"), ASCII.uppercase(ASCII.hexDigit(byte >> 4)), ASCII.uppercase(ASCII.hexDigit(byte & 15))]
            }
        }
        return out
    }

    static func body(_ parameters: [(name: String, value: [UInt8])]) -> [UInt8] {
        Array(parameters.map { Array($0.name.utf8) + [UInt8(ascii: "=")] + encode($0.value) }.joined(separator: [UInt8(ascii: "&")]))
    }
}
