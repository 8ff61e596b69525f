package import Model
import PolicyKit
package import Schema
package import SharedState

extension Quota {
    package struct Config: Settings {
        @Setting("Calls in each window: a number, or an expression that gives one. Where it has no value, there are none.")
        package var calls: CallAmount?

        @Setting("In place of `calls`: bytes of bodies in each window, such as `10GiB`, or an expression that gives their number.")
        package var bytes: ByteAmount?

        @Setting("The window: a unit of the calendar.")
        package var per: QuotaPeriod?

        @Setting("Whose bodies count, for `bytes`.")
        package var of: QuotaBodies?

        @Setting("Several windows in place of one. A call is taken from each of them, or, if one has not enough, from none.")
        package var windows: [QuotaWindow] = []

        @Setting(
            """
            Whose calls are counted together: those of a `consumer`, of one of its applications (`application`) or credentials (`credential`), \
            of all consumers whose attribute `organisation` is the same or who have the same plans (`plan`), of an `ip` (64 bits of one of \
            IPv6), of a `route`, or those for which an expression has the same value.
            """)
        package var by: QuotaKey = .consumer

        @Setting("When windows begin: as the `calendar` says, or each with the `first-use` behind the one before.")
        package var from: QuotaStart = .calendar

        @Setting("Whose calendar: `UTC`, an offset such as `+02:00`, or a zone such as `Europe/Berlin`.")
        package var timeZone: TimeZoneText = .utc

        @Setting(
            """
            `true`: what goes beyond is let through, with the response field `X-Quota-Exceeded`, `quotaExceeded` in the access log and an event.
            """)
        package var soft: Bool = false

        @Setting("Shares of the amount at which operators are told by an event, once for each key and window: `[80%, 100%]`.")
        package var warnAt: [Share] = []

        @Setting("What a call costs: an expression that gives a whole number. One that is negative is 0; without a value, it is 1. Left out: 1.")
        package var cost: ExpressionText?

        @Setting(
            """
            What it has cost when it is over: an expression that may ask for the response, such as `response.status >= 500 ? 0 : 1`. It takes \
            the place of `cost`, which was reserved; without a value, that stays. It may go beyond the quota.
            """)
        package var costFrom: ExpressionText?

        @Setting("What counts: calls that the quota has `allowed`, or `all`, those that it refuses included.")
        package var count: Counted = .allowed

        @Setting("Response fields that tell clients what is left, as for `rate-limit`: `standard`, `legacy`, `both` or `none`.")
        package var headers: RateLimitFields.Kind = .standard

        @Setting("Counts, and notes in the access log as `quotaExceeded` what it would refuse, but refuses nothing and adds no response fields.")
        package var dryRun: Bool = false

        @Setting("Where it is counted. Left out: on the server that `state` names, otherwise in memory.")
        package var store: StoreKind?

        @Setting("While the store does not answer: `local` counts in memory, `allow` lets everything pass, `deny` refuses with 503.")
        package var onStoreFailure: OnStoreFailure = .local

        package static var about: String { "Limits how many calls or bytes there are until the calendar turns: in a day, a month, a year." }
        package init() {}
    }

    package enum Counted: String, SettingChoice {
        case allowed, all
    }
}

extension Quota.Config {
    private static var most: Int { 8 }

    /// The windows, with what the policy says for all of them.
    func quotaWindows() throws(PolicyError) -> [(window: QuotaWindow, path: String)] {
        var windows: [(QuotaWindow, String)] = []
        if self.windows.isEmpty {
            windows.append((try single(), ""))
        } else {
            try checkAlone()
            guard self.windows.count <= Quota.Config.most else {
                throw PolicyError("\(self.windows.count) windows are more than \(Quota.Config.most)", at: $windows.position, path: "windows")
            }
            windows = self.windows.enumerated().map { ($1, "windows[\($0)]") }
        }
        for (i, (window, path)) in windows.enumerated() {
            if let flaw = window.flaw {
                throw PolicyError(flaw.message, at: path.isEmpty ? .none : window.origin.position, path: path, remedy: flaw.remedy)
            }
            if windows[..<i].contains(where: { $0.0.counts(likeThat: window) }) {
                throw PolicyError("another window counts the same", at: window.origin.position, path: path)
            }
        }
        return windows.map { (complete($0), $1) }
    }

    private func single() throws(PolicyError) -> QuotaWindow {
        guard let per else {
            let isEmpty = calls == nil && bytes == nil
            throw PolicyError(
                isEmpty ? "there is no amount" : "the window is missing", path: isEmpty ? "calls" : "per",
                remedy: "such as `{ calls: 10000, per: month }`")
        }
        var window = QuotaWindow()
        (window.calls, window.bytes, window.per, window.of) = (calls, bytes, per, of)
        return window
    }

    private func checkAlone() throws(PolicyError) {
        for (name, position, isGiven) in [
            ("calls", $calls.position, calls != nil), ("bytes", $bytes.position, bytes != nil), ("per", $per.position, per != nil),
            ("of", $of.position, of != nil),
        ] where isGiven {
            throw PolicyError(
                "`\(name)` stands beside `windows`, of which each has its own", at: position, path: name,
                remedy: "leave out `\(name)`, or `windows`")
        }
    }

    private func complete(_ window: QuotaWindow) -> QuotaWindow {
        var window = window
        window.from = window.from ?? from
        window.timeZone = window.timeZone ?? timeZone
        window.soft = window.soft ?? soft
        window.warnAt = window.warnAt ?? warnAt
        return window
    }
}
