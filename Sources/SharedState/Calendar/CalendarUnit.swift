/// What a calendar divides time into.
package enum CalendarUnit: String, CaseIterable, Sendable {
    case minute, hour, day, week, month, year

    /// Seconds that it has at least: what units are compared by, and what is stated of one whose length changes.
    package var seconds: Int {
        switch self {
        case .minute: 60
        case .hour: 3_600
        case .day: 86_400
        case .week: 7 * 86_400
        case .month: 28 * 86_400
        case .year: 365 * 86_400
        }
    }
}
