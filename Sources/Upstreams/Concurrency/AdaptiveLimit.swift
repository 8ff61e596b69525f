package import Reactor

package struct AdaptiveSettings: Sendable, Equatable {
    /// Of one event loop.
    package var initial = 20
    package var minimum = 4
    package var maximum = 1000
    /// How many times as long as usual answers may take before the limit falls.
    package var tolerance = 1.5
    package init() {}
}

/// A limit of requests in flight that follows what the service can do: it grows while answers come as quickly as usual, and
/// falls when they take longer, which is when requests queue up in the service ("Gradient2" of Netflix' concurrency-limits).
///
/// Of one event loop. Pure.
package struct AdaptiveLimit: Sendable {
    private let settings: AdaptiveSettings
    /// The limit as it is computed; what holds is rounded down.
    private var estimate: Double
    /// The usual latency, nanoseconds: forgets within some hundred samples.
    private var usual = 0.0
    private var sum = 0.0
    private var samples = 0
    private var mostInFlight = 0
    private var hasDropped = false
    private var due = Instant(nanoseconds: 0)

    private static let interval: Nanoseconds = .milliseconds(100)
    private static let leastSamples = 10
    private static let memory = 60.0
    private static let smoothing = 0.2
    /// What the limit grows by while all is well: room for a queue of this length.
    private static let headroom = 4.0

    package init(_ settings: AdaptiveSettings) {
        self.settings = settings
        estimate = Double(min(max(settings.initial, settings.minimum), settings.maximum))
    }

    package var limit: Int { Int(estimate) }

    /// An answer, or a failure that comes of overload.
    ///
    /// - Parameter inFlight: requests under way when it came, itself included.
    package mutating func note(_ latency: Nanoseconds, inFlight: Int, dropped: Bool, _ now: Instant) {
        sum += Double(latency)
        samples += 1
        mostInFlight = max(mostInFlight, inFlight)
        hasDropped = hasDropped || dropped
        guard samples >= AdaptiveLimit.leastSamples, now >= due else { return }
        due = now + AdaptiveLimit.interval
        adjust(recent: max(1, sum / Double(samples)))
        sum = 0
        samples = 0
        mostInFlight = 0
        hasDropped = false
    }

    private mutating func adjust(recent: Double) {
        usual = usual == 0 ? recent : usual + (recent - usual) / AdaptiveLimit.memory
        // After a long overload the usual is too high: it comes down faster than it went up.
        if usual > 2 * recent { usual *= 0.95 }
        var next = estimate
        if hasDropped {
            next = estimate * 0.9
        } else if Double(mostInFlight) * 2 >= estimate {
            // A limit that is not reached says nothing about what would happen if it was.
            let gradient = max(0.5, min(1, settings.tolerance * usual / recent))
            next = estimate * (1 - AdaptiveLimit.smoothing) + (estimate * gradient + AdaptiveLimit.headroom) * AdaptiveLimit.smoothing
        }
        estimate = min(max(next, Double(max(1, settings.minimum))), Double(max(settings.maximum, settings.minimum)))
    }
}
