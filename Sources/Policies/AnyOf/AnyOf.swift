package import Model
package import PolicyKit
package import Schema

/// Lets a request pass that one of several policies lets pass: an API key or a token, say. Who calls is what that one says.
package final class AnyOf: GroupPolicy {
    package struct Config: Settings {
        @Setting("Policies that authenticate, in the order in which they are tried. `anonymous` as the last lets in who brings no credentials.")
        package var methods: [PolicyEntry]

        package static var about: String { "Lets requests pass that one of several ways to authenticate lets pass." }
        package init() {}
    }

    package static let id = "any-of"
    package static let example = """
        any-of: { methods: [api-key, basic-auth] }
        """

    package let group: MethodGroup

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        group = try MethodGroup(config.$methods, .any, context, predecessor: (context.predecessor as? AnyOf)?.group)
    }
}
