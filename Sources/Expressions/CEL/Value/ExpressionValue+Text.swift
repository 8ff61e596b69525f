package import Primitives

extension ExpressionValue {
    /// Appends the value as keys and templates show it: text as it is, numbers in decimal, times in RFC 3339, durations in seconds,
    /// lists and maps as JSON. Nothing for null and for an error.
    package func write(to out: ByteBuffer) {
        switch self {
        case .null, .error: break
        case .bool(let flag): out.append(flag ? "true" : "false")
        case .int(let number): out.append(integer: number)
        case .uint(let number): out.append(integer: number)
        case .double(let number): out.append(double: number)
        case .string(let text), .bytes(let text): out.append(text)
        case .duration(let duration): duration.write(to: out)
        case .timestamp(let time): time.write(to: out)
        case .ip(let address): address.write(to: out)
        case .cidr(let network): network.write(to: out)
        case .type(let name): out.append(text: name.rawValue)
        case .list, .map: writeJSON(to: out)
        }
    }

    /// Appends the value as JSON (cel-spec, "JSON Data Conversion"): bytes in Base64; numbers that are no JSON as strings. How deep values
    /// can be is bounded by the depth of the expression and of what the host gives.
    package func writeJSON(to out: ByteBuffer) {
        switch self {
        case .null, .error: out.append("null")
        case .bool, .int, .uint: write(to: out)
        case .double(let number) where number.isFinite: write(to: out)
        case .string(let text): out.append(quoted: text)
        case .list(let list):
            out.append("[")
            for (place, element) in list.elements.enumerated() {
                if place > 0 { out.append(",") }
                element.writeJSON(to: out)
            }
            out.append("]")
        case .map(let map):
            out.append("{")
            for (place, entry) in zip(map.keys, map.values).enumerated() {
                if place > 0 { out.append(",") }
                if case .string(let key) = entry.0 {
                    out.append(quoted: key)
                } else {
                    out.append("\"")
                    entry.0.write(to: out)
                    out.append("\"")
                }
                out.append(":")
                entry.1.writeJSON(to: out)
            }
            out.append("}")
        case .bytes(let bytes):
            out.append("\"")
            Base64.encode(bytes, to: out)
            out.append("\"")
        case .double, .duration, .timestamp, .ip, .cidr, .type:
            out.append("\"")
            write(to: out)
            out.append("\"")
        }
    }

    /// The value as text, for messages and tests.
    package var description: String {
        let out = ByteBuffer(capacity: 64)
        write(to: out)
        return out.view.string
    }
}

extension ByteBuffer {
    func append<Integer: FixedWidthInteger>(integer number: Integer) {
        if number < 0 { append("-") }
        let magnitude = number.magnitude
        // A UInt has one digit more than an Int shows.
        if magnitude >= 10 { append(decimal: Int(magnitude / 10)) }
        append(byte: 0x30 + UInt8(truncatingIfNeeded: magnitude % 10))
    }

    /// The shortest digits that read back as the same number, laid out as ECMAScript and JSON libraries do: without an exponent from 1e-6
    /// to 1e21, whole numbers without a point.
    func append(double number: Double) {
        guard number.isFinite else { return append(number.isNaN ? "NaN" : number < 0 ? "-Infinity" : "Infinity") }
        if number.sign == .minus { append("-") }
        let (digits, exponent) = Self.digits(of: number.magnitude)
        switch exponent {
        case 1...21:
            for place in 0..<Swift.max(digits.count, exponent) {
                if place == exponent { append(".") }
                append(byte: place < digits.count ? digits[place] : 0x30)
            }
        case -5...0:
            append("0")
            if digits != [0x30] { append(".") }
            for _ in 0..<(digits == [0x30] ? 0 : -exponent) { append("0") }
            for digit in digits where digits != [0x30] { append(byte: digit) }
        default:
            for (place, digit) in digits.enumerated() {
                if place == 1 { append(".") }
                append(byte: digit)
            }
            append(exponent > 0 ? "e+" : "e")
            append(integer: exponent - 1)
        }
    }

    /// Decimal digits without zeros around them, and where the point is in front of them: 0.digits × 10^exponent.
    private static func digits(of number: Double) -> (digits: [UInt8], exponent: Int) {
        var digits: [UInt8] = [], point: Int?, exponent = 0
        var text = Array(number.description.utf8)[...]
        if let mark = text.firstIndex(of: UInt8(ascii: "e")) {
            exponent = Int(String(decoding: text[(mark + 1)...], as: UTF8.self)) ?? 0
            text = text[..<mark]
        }
        for byte in text {
            if byte == UInt8(ascii: ".") { point = digits.count } else { digits.append(byte) }
        }
        exponent += point ?? digits.count
        while digits.count > 1, digits.first == 0x30 {
            digits.removeFirst()
            exponent -= 1
        }
        while digits.count > 1, digits.last == 0x30 { digits.removeLast() }
        return (digits, digits == [0x30] ? 0 : exponent)
    }

    /// As a JSON string (RFC 8259 §7). Bytes that are no UTF-8 become U+FFFD.
    func append(quoted text: ByteView) {
        append("\"")
        var index = 0
        while index < text.count {
            let byte = text[index]
            switch byte {
            case UInt8(ascii: "\""): append("\\\"")
            case UInt8(ascii: "\\"): append("\\\\")
            case 0x0a: append("\\n")
            case 0x0d: append("\\r")
            case 0x09: append("\\t")
            case 0..<0x20:
                append("\\u00")
                append(byte: ASCII.hexDigit(byte >> 4))
                append(byte: ASCII.hexDigit(byte & 0xf))
            case 0x20..<0x80: append(byte: byte)
            default:
                let (scalar, width) = LinearRegex.decode(text, at: index)
                if scalar == 0xfffd, width == 1 { append("\u{fffd}") } else { append(text[index..<index + width]) }
                index += width - 1
            }
            index += 1
        }
        append("\"")
    }
}
