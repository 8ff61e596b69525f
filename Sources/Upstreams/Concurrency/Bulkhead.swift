/// How much of what an upstream may be asked at a time one route, API or consumer may have: others always find room.
///
/// Of one event loop.
package struct Bulkhead: Sendable {
    package enum Division: Sendable, Equatable { case route, api, consumer }

    package struct Settings: Sendable, Equatable {
        package var by: Division
        /// Requests in flight, waiting ones included.
        package var most: Int

        package init(by: Division, most: Int) {
            self.by = by
            self.most = most
        }
    }

    package enum Owner: Hashable, Sendable {
        case route(Int32)
        case named(String)
        /// Requests of nobody share one part.
        case nobody
    }

    private let most: Int
    /// Only those that have requests in flight.
    private var counts: [Owner: Int] = [:]

    package init(_ settings: Settings) { most = max(1, settings.most) }

    /// False: its part is used up.
    package mutating func enter(_ owner: Owner) -> Bool {
        let count = counts[owner] ?? 0
        guard count < most else { return false }
        counts[owner] = count + 1
        return true
    }

    package mutating func leave(_ owner: Owner) {
        guard let count = counts[owner] else { return }
        counts[owner] = count > 1 ? count - 1 : nil
    }

    package func count(_ owner: Owner) -> Int { counts[owner] ?? 0 }
}
