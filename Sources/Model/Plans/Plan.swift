package import Primitives
package import Schema

/// What a caller is entitled to: limits of rate, quotas, and what may be called. Each of these parts combines with the same part of the
/// caller's other plans; a plan that leaves a part out says nothing about it.
package struct Plan: Settings {
    @Setting("Name that consumers, applications and credentials refer to.")
    package var name: String

    @Setting("How many requests may come in how much time, over all APIs; several windows apply at once.")
    package var limits: [PlanLimit] = []

    @Setting("How many calls may be made, and how many bytes may pass, until the calendar turns; several windows apply at once.")
    package var quotas: [QuotaWindow] = []

    @Setting("APIs and routes that may be called. Left out: the plan says nothing about it, so all.")
    package var access: [PlanAccess]?

    @Setting("Whose requests `limits` and `quotas` count together.")
    package var by: PlanKey = .consumer

    @Setting(
        """
        How the plan combines with the caller's others: of those that are `most-generous`, the one that permits most counts; what `sum` \
        allows is added to that; what `strictest` says holds in any case.
        """)
    package var combine: PlanCombination = .mostGenerous

    @Setting("Consumers who have no plan have this one.")
    package var `default`: Bool = false

    package var origin = Origin()
    package init() {}
}

/// Requests in a stretch of time.
package struct PlanLimit: Settings {
    @Setting("Requests allowed in each `window`.", 0...4_294_967_295)
    package var limit: Int

    @Setting("Length of the window.", Duration.milliseconds(1)...Duration.seconds(366 * 86_400))
    package var window: Duration

    @Setting("Requests that may come at once. Left out: as many as `limit`.", 1...4_294_967_295)
    package var burst: Int?

    package init() {}
}

/// An API, or some of it.
package struct PlanAccess: Settings {
    @Setting("Name of the API.")
    package var api: String

    @Setting("Names of its routes. Left out: all.")
    package var routes: [String] = []

    @Setting("Methods; GET includes HEAD. Left out: any.")
    package var methods: [HTTPMethod] = []

    package init() {}
}

package enum PlanKey: String, SettingChoice {
    case consumer, application, credential
}

package enum PlanCombination: String, SettingChoice {
    case mostGenerous = "most-generous"
    case strictest, sum
}
