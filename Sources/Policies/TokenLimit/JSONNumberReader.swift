import Primitives

/// Reads a number of JSON as it comes, and says what of it is whole.
struct JSONNumberReader {
    private var whole = 0
    private var isNegative = false
    private var hasDigits = false
    private var part = Part.whole
    private var exponent = 0
    private var exponentIsNegative = false
    /// Digits behind the point that an exponent may still make whole.
    private var fraction = 0
    private var fractionDigits = 0

    private enum Part { case whole, fraction, exponent }

    private static let most = 1 << 53

    /// False: the byte belongs to no number.
    mutating func take(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            hasDigits = true
            let digit = Int(byte - UInt8(ascii: "0"))
            switch part {
            case .whole: whole = min(whole * 10 + digit, JSONNumberReader.most)
            case .fraction where fractionDigits < 15:
                fraction = fraction * 10 + digit
                fractionDigits += 1
            case .fraction: break
            case .exponent: exponent = min(exponent * 10 + digit, 100)
            }
        case UInt8(ascii: "-"): if part == .exponent { exponentIsNegative = true } else { isNegative = true }
        case UInt8(ascii: "+"): break
        case UInt8(ascii: "."): part = .fraction
        case UInt8(ascii: "e"), UInt8(ascii: "E"): part = .exponent
        default: return false
        }
        return true
    }

    /// Rounded towards 0; 0 for what is less, and at most 2^53. Nil without a digit.
    var value: Int? {
        guard hasDigits else { return nil }
        if isNegative { return 0 }
        var value = whole, rest = fraction, digits = fractionDigits
        var steps = exponent
        while steps > 0, value < JSONNumberReader.most {
            if exponentIsNegative {
                value /= 10
                if value == 0 { break }
            } else {
                var next = 0
                if digits > 0 {
                    let unit = JSONNumberReader.power(digits - 1)
                    next = rest / unit
                    rest %= unit
                    digits -= 1
                }
                value = min(value * 10 + next, JSONNumberReader.most)
                if value == 0, digits == 0 { break }
            }
            steps -= 1
        }
        return value
    }

    private static func power(_ count: Int) -> Int { (0..<max(0, count)).reduce(1) { power, _ in power * 10 } }
}
