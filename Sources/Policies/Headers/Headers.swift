package import GatewayCore
package import Model
package import PolicyKit
import Primitives
package import Schema

/// Sets, adds and removes header fields of requests and responses.
package final class Headers: Policy, RequestPolicy, ResponsePolicy {
    package struct Config: Settings {
        @Setting("What happens to the request's fields before it is forwarded.")
        package var request: Edits = Edits()

        @Setting("What happens to the response's fields before it is sent to the client.")
        package var response: Edits = Edits()

        package static var about: String { "Sets, adds and removes header fields of requests and responses." }
        package init() {}
    }

    /// Removing comes first, then setting, then adding.
    package struct Edits: Settings {
        @Setting("Fields that are removed; `x-internal-*` removes all whose names begin so.")
        package var remove: [String] = []

        @Setting("Field name to value: replaces the field, or adds it. The value is a template.")
        package var set: OrderedMap<TemplateText> = [:]

        @Setting("Field name to value: adds a line beside those that are there. The value is a template.")
        package var add: OrderedMap<TemplateText> = [:]

        package init() {}
    }

    package static let id = "headers"
    package static let example = """
        headers: { response: { remove: [server, x-powered-by], set: { x-content-type-options: nosniff } } }
        """
    private let request: HeaderEdits
    private let response: HeaderEdits

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        request = try HeaderEdits(config.request, "request", context, isResponse: false)
        response = try HeaderEdits(config.response, "response", context, isResponse: true)
    }

    package func phases(on route: RouteFacts) -> PolicyPhases {
        var phases: PolicyPhases = []
        if !request.isEmpty { phases.insert(.request) }
        if !response.isEmpty { phases.insert(.response) }
        return phases
    }

    package func onRequest(_ exchange: Exchange) -> Verdict {
        request.apply(exchange, to: exchange.request.fields)
        return .proceed
    }

    package func onResponse(_ exchange: Exchange) -> Verdict {
        response.apply(exchange, to: exchange.response.fields)
        return .proceed
    }
}
