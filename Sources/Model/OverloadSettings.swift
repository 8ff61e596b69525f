package import Schema

/// When the gateway itself can't keep up.
package struct OverloadSettings: Settings {
    @Setting(
        "The shortest turn of an event loop, over a tenth of a second, that is a sign of overload: so long a request waits before anybody looks at it.",
        .milliseconds(1) ... .seconds(10))
    package var queueDelay: Duration = .milliseconds(20)

    @Setting("Share of a core that an event loop may use. Left out: any.")
    package var cpu: Share?

    @Setting("Requests that are of low importance whatever their route says: an expression over `request` and `source`.")
    package var low: ExpressionText?

    @Setting("Requests that are critical whatever their route says; it counts before `low`.")
    package var critical: ExpressionText?

    package init() {}
}

package enum Importance: String, SettingChoice {
    case low, normal, critical
}
