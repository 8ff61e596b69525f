package import Schema

/// A part of an upstream's limit.
package struct LimitShare: Settings {
    @Setting("Whose part: each `route` has one, each `api`, or each `consumer`; requests without a consumer share one.")
    package var by: LimitShareOwner = .route

    @Setting("How much of `limits.requests` it may have in flight.")
    package var most: Share

    package init() {}
}

package enum LimitShareOwner: String, SettingChoice {
    case route, api, consumer
}
