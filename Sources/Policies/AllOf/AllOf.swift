package import Model
package import PolicyKit
package import Schema

/// Lets a request pass that each of several policies lets pass: a client certificate and a token, say, of one and the same consumer.
package final class AllOf: GroupPolicy {
    package struct Config: Settings {
        @Setting(
            "Policies that authenticate, in the order in which they are asked. The first says who calls; consumers that they name must be the same.")
        package var methods: [PolicyEntry]

        package static var about: String { "Lets requests pass that all of several ways to authenticate let pass." }
        package init() {}
    }

    package static let id = "all-of"
    package static let example = """
        all-of: { methods: [api-key, basic-auth] }
        """

    package let group: MethodGroup

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        group = try MethodGroup(config.$methods, .all, context, predecessor: (context.predecessor as? AllOf)?.group)
    }
}
