import PolicyKit
import Reactor
import Schema
import SharedState

/// The windows of a policy, or of one of its `limits`, as they are written: checked, and made into what a limiter counts by.
struct RateLimitWindows {
    private static let most = 8

    private let limit: Setting<Int?>
    private let window: Setting<Duration?>
    private let burst: Setting<Int?>
    private let windows: Setting<[RateLimit.Window]>
    private let algorithm: RateAlgorithm
    /// Before the names of settings, in messages.
    private let path: String

    init(_ config: RateLimit.Config) {
        (limit, window, burst, windows) = (config.$limit, config.$window, config.$burst, config.$windows)
        algorithm = config.algorithm
        path = ""
    }

    init(_ tier: RateLimit.Tier, _ index: Int, _ algorithm: RateAlgorithm) {
        (limit, window, burst, windows) = (tier.$limit, tier.$window, tier.$burst, tier.$windows)
        self.algorithm = algorithm
        path = "limits[\(index)]."
    }

    /// The windows, once they make sense.
    func rates() throws(PolicyError) -> [RateWindow] {
        let rates = windows.wrappedValue.isEmpty ? [try single()] : try several()
        try checkBursts()
        try checkEffects(rates)
        return rates
    }

    private func single() throws(PolicyError) -> RateWindow {
        guard let most = limit.wrappedValue else {
            throw PolicyError(
                window.wrappedValue == nil ? "there is no limit" : "a `window` needs a `limit`", at: window.position, path: "\(path)limit",
                remedy: "such as `{ limit: 100, window: 1m }`")
        }
        guard let period = window.wrappedValue else {
            throw PolicyError("a `limit` needs a `window`", at: limit.position, path: "\(path)window", remedy: "such as `window: 1m`")
        }
        return RateWindow(limit: most, period: period.nanoseconds, burst: burst.wrappedValue)
    }

    private func several() throws(PolicyError) -> [RateWindow] {
        let windows = windows.wrappedValue
        for (name, position, isGiven) in [
            ("limit", limit.position, limit.wrappedValue != nil), ("window", window.position, window.wrappedValue != nil),
            ("burst", burst.position, burst.wrappedValue != nil),
        ] where isGiven {
            throw PolicyError(
                "`\(name)` stands beside `windows`, of which each has its own", at: position, path: path + name,
                remedy: "leave out `\(name)`, or `windows`")
        }
        guard windows.count <= Self.most else {
            throw PolicyError("\(windows.count) windows are more than \(Self.most)", at: self.windows.position, path: "\(path)windows")
        }
        return windows.map { RateWindow(limit: $0.limit, period: $0.window.nanoseconds, burst: $0.burst) }
    }

    private func checkBursts() throws(PolicyError) {
        guard algorithm != .gcra else { return }
        let bursts = [(burst, "\(path)burst")] + windows.wrappedValue.enumerated().map { ($1.$burst, "\(path)windows[\($0)].burst") }
        for (burst, path) in bursts where burst.wrappedValue != nil {
            throw PolicyError(
                "`\(algorithm.rawValue)` has no `burst`: its whole limit may come at once", at: burst.position, path: path,
                remedy: "leave it out, or take `algorithm: gcra`")
        }
    }

    /// A window that never refuses anything is a mistake: what was meant is something else.
    private func checkEffects(_ rates: [RateWindow]) throws(PolicyError) {
        let order = rates.indices.sorted { rates[$0].period < rates[$1].period }
        for (shorter, longer) in zip(order, order.dropFirst()) {
            let path = "\(path)windows[\(longer)]"
            let (short, long) = (windows.wrappedValue[shorter], windows.wrappedValue[longer])
            if short.window == long.window {
                throw PolicyError("another window is \(short.window.short) long too", at: long.$window.position, path: "\(path).window")
            }
            guard max(rates[longer].limit, rates[longer].burst) > min(rates[shorter].limit, rates[shorter].burst) else {
                throw PolicyError(
                    "\(long.limit) in \(long.window.short) leave nothing for \(short.limit) in \(short.window.short) to refuse",
                    at: long.$limit.position, path: "\(path).limit", remedy: "give longer windows higher limits")
            }
        }
    }
}

extension Duration {
    /// As it is written in a file.
    var short: String {
        if case .string(let text) = encoded { text } else { "\(self)" }
    }
}
