import Primitives

/// Numbers as lines hold them.
enum RESPNumber {
    /// A length: `-1` for what is not there, otherwise decimal digits.
    static func length(_ line: ByteView) -> Int? {
        if line == "-1" { return -1 }
        return line.decimal
    }

    /// A signed number of 64 bits.
    static func integer(_ line: ByteView) -> Int? {
        guard let first = line.isEmpty ? nil : line[0] else { return nil }
        guard first == UInt8(ascii: "-") || first == UInt8(ascii: "+") else { return line.decimal }
        let digits = line.dropFirst(1)
        if let value = digits.decimal { return first == UInt8(ascii: "-") ? -value : value }
        return first == UInt8(ascii: "-") && digits == "9223372036854775808" ? .min : nil
    }

    /// Infinite and undefined ones are `inf`, `-inf` and `nan`.
    static func double(_ line: ByteView) -> Double? {
        guard !line.isEmpty, line.count <= 64 else { return nil }
        if line == "inf" { return .infinity }
        if line == "-inf" { return -.infinity }
        if line == "nan" || line == "-nan" { return .nan }
        for i in 0..<line.count where !isPart(line[i]) { return nil }
        return Double(line.string)
    }

    private static func isPart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"): true
        default: ASCII.isDigit(byte)
        }
    }

    /// An integer of any size.
    static func isBig(_ line: ByteView) -> Bool {
        let digits = line.isEmpty || line[0] != UInt8(ascii: "-") && line[0] != UInt8(ascii: "+") ? line : line.dropFirst(1)
        for i in 0..<digits.count where !ASCII.isDigit(digits[i]) { return false }
        return !digits.isEmpty
    }

    /// Whether `line` is what a scalar of `kind` may say.
    static func isScalar(_ line: ByteView, _ kind: RESPKind) -> Bool {
        switch kind {
        case .integer: integer(line) != nil
        case .null: line.isEmpty
        case .boolean: line == "t" || line == "f"
        case .double: double(line) != nil
        case .bigNumber: isBig(line)
        default: false
        }
    }
}
