package import Schema

package struct Telemetry: Settings {
    @Setting("One line for each exchange: `none`, or where and how.")
    package var accessLog: AccessLog = .none

    @Setting("Counters, gauges and histograms.")
    package var metrics: Metrics = Metrics()

    @Setting("What each policy did with an exchange and how long that took, for the exchanges that it is wanted for.")
    package var policyTiming: PolicyTiming?

    package static var reserved: [String] { ["traces"] }
    package init() {}
}

package struct PolicyTiming: Settings {
    @Setting("Exchanges that are timed: an expression over `request` and `source`.")
    package var when: ExpressionText

    @Setting("Tell the client, in a `Server-Timing` field that browsers and proxies show.")
    package var header: Bool = true

    @Setting("Tell the access log, as `policies`.")
    package var log: Bool = true

    package init() {}
}

package struct Metrics: Settings {
    @Setting("Serve Prometheus text at /metrics of the admin address.")
    package var prometheus: Bool = true

    package init() {}
}

/// `accessLog: none`, or a group.
package enum AccessLog: SettingValue {
    case none
    case file(AccessLogSettings)

    package static var shape: SettingShape { .either([.choice(["none"]), AccessLogSettings.shape]) }

    package static func decode(_ node: ConfigNode, in context: DecodingContext) -> AccessLog? {
        if node.isMap { return AccessLogSettings.decode(node, in: context).map { .file($0) } }
        if node.text == "none" { return AccessLog.none }
        context.mismatch(node, expected: "`none` or settings such as `{ path: \"-\", format: json }`")
        return nil
    }

    package var encoded: JSONValue {
        switch self {
        case .none: "none"
        case .file(let settings): settings.encoded
        }
    }
}

package struct AccessLogSettings: Settings {
    @Setting("File to append to; `-` is standard output. The file is opened again on SIGUSR1.")
    package var path: String = "-"

    @Setting("How a line is written.")
    package var format: AccessLogFormat = .json

    package init() {}
}

package enum AccessLogFormat: String, SettingChoice {
    case json, text
}

package struct Storage: Settings {
    @Setting("Where records are kept: `sqlite:FILE`. Consumers and credentials are looked up there when the file has none that fits.")
    package var database: DatabaseLocation?

    package init() {}
}
