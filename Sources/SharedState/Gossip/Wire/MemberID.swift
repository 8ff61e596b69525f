/// Names one process for as long as it runs. It is chosen at random when the process starts, so a gateway that starts again is another
/// member, and what the one before had counted stays what it was.
package struct MemberID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let number: UInt64

    package init(_ number: UInt64) { self.number = number }

    package static func < (a: MemberID, b: MemberID) -> Bool { a.number < b.number }

    /// Sixteen hexadecimal digits.
    package var description: String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
