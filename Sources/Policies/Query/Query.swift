package import GatewayCore
package import Model
package import PolicyKit
import Primitives
package import Schema

/// Edits the query that is forwarded. Parameters that it has nothing to do with keep their place and their bytes.
package final class Query: Policy, RequestPolicy {
    package struct Config: Settings {
        @Setting("Only these parameters stay; `filter-*` stands for all whose names begin so, an empty list for none. Left out: all stay.")
        package var keep: [String]?

        @Setting("Parameters that are removed; `utm_*` removes all whose names begin so.")
        package var remove: [String] = []

        @Setting("Old name to new name: the parameter keeps its place and its value.")
        package var rename: OrderedMap<String> = [:]

        @Setting("Name to value: replaces the parameter, or adds it, at the end. The value is a template and is percent-encoded.")
        package var set: OrderedMap<TemplateText> = [:]

        @Setting("Name to value: adds a parameter at the end, beside those that are there. The value is a template and is percent-encoded.")
        package var add: OrderedMap<TemplateText> = [:]

        package static var about: String { "Removes, renames, sets and adds parameters of the query that is forwarded." }
        package init() {}
    }

    package static let id = "query"
    package static let example = """
        query:
          remove: [utm_*, debug]
          set: { tenant: "{tenant}" }
        """
    private let edits: QueryEdits

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) { edits = try QueryEdits(config, context) }

    package func phases(on route: RouteFacts) -> PolicyPhases { route.forwards && !edits.isEmpty ? .request : [] }

    package func onRequest(_ exchange: Exchange) -> Verdict {
        let out = exchange.tools.scratch
        out.clear()
        guard edits.write(exchange, to: out) else { return .proceed }
        let request = exchange.request
        request.querySpan = out.isEmpty ? nil : request.store { $0.append(out.view) }
        request.isQueryEdited = true
        return .proceed
    }
}
