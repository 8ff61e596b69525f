package import Schema

package struct Hedging: Settings {
    @Setting("How long a request may be without an answer: a time, or what a share of the requests of the last half minute did not exceed (`p95`).")
    package var after: HedgeAfter = .quantile(95)

    @Setting("Second requests for each request, over ten seconds.")
    package var budget: Share = .percent(10)

    package init() {}
}

/// A time, or a quantile of the times that answers take.
package enum HedgeAfter: Equatable, Sendable, SettingValue {
    case fixed(Duration)
    /// In percent.
    case quantile(Double)

    package static var shape: SettingShape {
        .either([.text(name: "quantile", pattern: #"^p\d\d(\.\d+)?$"#, examples: ["p95"]), Duration.shape])
    }

    package static func decode(_ node: ConfigNode, in context: DecodingContext) -> HedgeAfter? {
        if let text = node.text, text.hasPrefix("p") {
            guard let percent = Double(text.dropFirst()), percent >= 50, percent < 100 else {
                context.mismatch(node, expected: "a quantile from p50 to p99.9, or a time such as 50ms")
                return nil
            }
            return .quantile(percent)
        }
        guard let length = Duration.decode(node, in: context) else { return nil }
        guard length >= .milliseconds(1) else {
            context.mismatch(node, expected: "a time of 1ms or more")
            return nil
        }
        return .fixed(length)
    }

    package var encoded: JSONValue {
        switch self {
        case .fixed(let length): length.encoded
        case .quantile(let percent): .string(percent.rounded() == percent ? "p\(Int(percent))" : "p\(percent)")
        }
    }
}

package struct DeadlineSettings: Settings {
    @Setting(
        "Field of requests that says when nobody waits for the answer any more: seconds since 1970, with a fraction if need be. It is sent on, and counts against queues and time-outs."
    )
    package var header: String = "x-request-deadline"

    @Setting("Tell the service by when an answer is wanted even where the caller has not said so: when `timeouts.total` is over.")
    package var always: Bool = false

    package init() {}
}
