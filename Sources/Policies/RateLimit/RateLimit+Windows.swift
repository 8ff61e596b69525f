import PolicyKit
import Reactor
import Schema
import SharedState

extension RateLimit.Config {
    private static var most: Int { 8 }

    /// The windows as they are written, once they make sense.
    func rateWindows() throws(PolicyError) -> [RateWindow] {
        let windows = windows.isEmpty ? [try single()] : try several()
        try checkBursts()
        try checkEffects(windows)
        return windows
    }

    private func single() throws(PolicyError) -> RateWindow {
        guard let limit else {
            throw PolicyError(
                window == nil ? "there is no limit" : "a `window` needs a `limit`", at: $window.position, path: "limit",
                remedy: "such as `{ limit: 100, window: 1m }`")
        }
        guard let window else {
            throw PolicyError("a `limit` needs a `window`", at: $limit.position, path: "window", remedy: "such as `window: 1m`")
        }
        return RateWindow(limit: limit, period: window.nanoseconds, burst: burst)
    }

    private func several() throws(PolicyError) -> [RateWindow] {
        for (name, position, isGiven) in [
            ("limit", $limit.position, limit != nil), ("window", $window.position, window != nil), ("burst", $burst.position, burst != nil),
        ] where isGiven {
            throw PolicyError(
                "`\(name)` stands beside `windows`, of which each has its own", at: position, path: name,
                remedy: "leave out `\(name)`, or `windows`")
        }
        guard windows.count <= Self.most else {
            throw PolicyError("\(windows.count) windows are more than \(Self.most)", at: $windows.position, path: "windows")
        }
        return windows.map { RateWindow(limit: $0.limit, period: $0.window.nanoseconds, burst: $0.burst) }
    }

    private func checkBursts() throws(PolicyError) {
        guard algorithm != .gcra else { return }
        let bursts = [($burst, "burst")] + windows.enumerated().map { ($1.$burst, "windows[\($0)].burst") }
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
            let path = "windows[\(longer)]"
            let (short, long) = (windows[shorter], windows[longer])
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
