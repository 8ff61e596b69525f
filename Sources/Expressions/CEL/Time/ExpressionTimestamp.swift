/// A point in time between the years 1 and 9999 (cel-spec, "Abstract Types").
package struct ExpressionTimestamp: Hashable, Comparable, Sendable {
    /// Since 1970-01-01T00:00:00Z.
    package let seconds: Int
    /// 0..<1,000,000,000, always towards the future.
    package let nanoseconds: Int

    private static let lowest = -62_135_596_800, highest = 253_402_300_799

    /// Nil out of range.
    package init?(seconds: Int, nanoseconds: Int = 0) {
        guard seconds >= Self.lowest, seconds <= Self.highest, nanoseconds >= 0, nanoseconds < ExpressionDuration.perSecond else { return nil }
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    package static func < (a: ExpressionTimestamp, b: ExpressionTimestamp) -> Bool {
        a.seconds != b.seconds ? a.seconds < b.seconds : a.nanoseconds < b.nanoseconds
    }

    /// Nil out of range.
    func adding(_ duration: ExpressionDuration) -> ExpressionTimestamp? {
        let perSecond = ExpressionDuration.perSecond
        // Both parts are far from the bounds of an Int.
        let part = nanoseconds + duration.nanoseconds % perSecond
        let carry = part < 0 ? -1 : part >= perSecond ? 1 : 0
        return ExpressionTimestamp(seconds: seconds + duration.nanoseconds / perSecond + carry, nanoseconds: part - carry * perSecond)
    }

    func subtracting(_ duration: ExpressionDuration) -> ExpressionTimestamp? {
        guard duration.nanoseconds != .min else {
            return adding(ExpressionDuration(nanoseconds: .max))?.adding(ExpressionDuration(nanoseconds: 1))
        }
        return adding(ExpressionDuration(nanoseconds: -duration.nanoseconds))
    }

    /// Nil when the span is longer than a duration can be.
    func since(_ other: ExpressionTimestamp) -> ExpressionDuration? {
        let (product, isOver) = (seconds - other.seconds).multipliedReportingOverflow(by: ExpressionDuration.perSecond)
        let (sum, carries) = product.addingReportingOverflow(nanoseconds - other.nanoseconds)
        return isOver || carries ? nil : ExpressionDuration(nanoseconds: sum)
    }
}
