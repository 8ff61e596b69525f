package import Schema

/// What is asked by gRPC's health protocol.
package enum GRPCHealth: Hashable, Sendable, SettingValue {
    /// Nothing.
    case no
    /// A service; an empty name is the server as a whole.
    case service(String)

    package static var shape: SettingShape { .either([Bool.shape, GRPCHealthSettings.shape]) }

    package static func decode(_ node: ConfigNode, in context: DecodingContext) -> GRPCHealth? {
        if node.isMap { return GRPCHealthSettings.decode(node, in: context).map { .service($0.service) } }
        return Bool.decode(node, in: context).map { $0 ? .service("") : .no }
    }

    package var encoded: JSONValue {
        switch self {
        case .no: .boolean(false)
        case .service(""): .boolean(true)
        case .service(let name): ["service": .string(name)]
        }
    }
}

package struct GRPCHealthSettings: Settings {
    @Setting("Name of the service, as its server knows it.")
    package var service: String

    package init() {}
}
