package import Schema

/// Whether requests in flight are limited by what the service can do.
package enum AdaptiveConcurrency: Equatable, Sendable, SettingValue {
    case no
    case yes(AdaptiveConcurrencySettings)

    package static var shape: SettingShape { .either([Bool.shape, AdaptiveConcurrencySettings.shape]) }

    package static func decode(_ node: ConfigNode, in context: DecodingContext) -> AdaptiveConcurrency? {
        if node.isMap { return AdaptiveConcurrencySettings.decode(node, in: context).map { .yes($0) } }
        return Bool.decode(node, in: context).map { $0 ? .yes(AdaptiveConcurrencySettings()) : .no }
    }

    package var encoded: JSONValue {
        switch self {
        case .no: .boolean(false)
        case .yes(let settings): settings == AdaptiveConcurrencySettings() ? .boolean(true) : settings.encoded
        }
    }
}

package struct AdaptiveConcurrencySettings: Settings {
    @Setting("Where it begins.", 1...1_000_000)
    package var initial: Int = 40

    @Setting("It never falls below.", 1...1_000_000)
    package var minimum: Int = 8

    @Setting("It never grows above.", 1...1_000_000)
    package var maximum: Int = 2000

    @Setting("How many times as long as usual answers may take before it falls.", 1...10)
    package var tolerance: Double = 1.5

    package init() {}
}
