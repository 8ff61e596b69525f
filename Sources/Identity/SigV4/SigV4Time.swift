package import Primitives
import Reactor

/// When a request was signed: `20150830T123600Z`.
package struct SigV4Time: Equatable, Sendable {
    /// Since 1970.
    package let seconds: Int64
    /// 16 bytes.
    package let text: String

    /// The first eight bytes: `20150830`.
    package var day: String { String(text.prefix(8)) }

    package init?(_ text: ByteView) {
        guard text.count == 16, text[8] == UInt8(ascii: "T"), text[15] == UInt8(ascii: "Z"),
            let seconds = HTTPDate.seconds(
                year: text[0..<4].decimal, month: text[4..<6].decimal, day: text[6..<8].decimal, hour: text[9..<11].decimal,
                minute: text[11..<13].decimal, second: text[13..<15].decimal)
        else { return nil }
        self.seconds = seconds
        self.text = text.string
    }

    /// - Parameter seconds: since 1970, before the year 10000.
    package init(seconds: Int64) {
        let (days, rest) = max(0, Int(seconds)).quotientAndRemainder(dividingBy: 86_400)
        let (year, month, day) = HTTPDate.civil(days)
        let out = ByteBuffer(capacity: 16)
        for pair in [year / 100, year % 100, month, day] { SigV4Time.append(pair, to: out) }
        out.append(byte: UInt8(ascii: "T"))
        for pair in [rest / 3600, rest / 60 % 60, rest % 60] { SigV4Time.append(pair, to: out) }
        out.append(byte: UInt8(ascii: "Z"))
        self.seconds = seconds
        text = out.view.string
    }

    /// Of a `Date` field.
    init?(httpDate: ByteView) {
        guard let seconds = HTTPDate.seconds(httpDate) else { return nil }
        self.init(seconds: seconds)
    }

    private static func append(_ number: Int, to out: ByteBuffer) {
        out.append(byte: 0x30 + UInt8(truncatingIfNeeded: number / 10 % 10))
        out.append(byte: 0x30 + UInt8(truncatingIfNeeded: number % 10))
    }
}
