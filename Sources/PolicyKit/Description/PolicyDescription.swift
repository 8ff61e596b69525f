package import GatewayCore
package import Model
package import Schema

/// What there is to say of a policy, all of it from its declaration: what `sluice policies`, the pages in `docs/policies`, the admin
/// address and editors show.
package struct PolicyDescription: Sendable {
    package let id: String
    /// One sentence.
    package let about: String
    /// When it acts, in the order in which an exchange comes there.
    package let phases: [String]
    /// What a policy before it must have found out, with the settings of the example.
    package let needs: [Fact]
    /// What policies behind it may rely on.
    package let provides: [Fact]
    package let isGuard: Bool
    package let reasons: [Reason]
    /// YAML: one entry of `policies`.
    package let example: String
    /// The settings of the example, as JSON.
    package let exampleSettings: JSONValue?
    package let settings: any Settings.Type
    /// The policies that it may be made of.
    let registry: PolicyRegistry

    fileprivate init<P: Policy>(_ type: P.Type, _ entry: PolicyEntry?, _ registry: PolicyRegistry) {
        id = P.id
        about = P.Config.about
        phases = PolicyDescription.phases(of: type)
        needs = (entry?.config as? P.Config).map { P.needs($0) } ?? []
        provides = P.provides
        isGuard = P.isGuard
        reasons = P.reasons
        example = P.example
        exampleSettings = entry?.config.encoded
        settings = P.Config.self
        self.registry = registry
    }

    private static func phases(of type: any Policy.Type) -> [String] {
        var phases: [String] = []
        if type is any RequestPolicy.Type || type is any AsyncRequestPolicy.Type { phases.append("request") }
        if type is any RequestBodyPolicy.Type { phases.append("request body") }
        if type is any ResponsePolicy.Type || type is any AsyncResponsePolicy.Type { phases.append("response") }
        if type is any ResponseBodyPolicy.Type { phases.append("response body") }
        if type is any FinishPolicy.Type { phases.append("finish") }
        return phases
    }
}

extension PolicyRegistry {
    package func description(of id: String) -> PolicyDescription? {
        func describe<P: Policy>(_ type: P.Type) -> PolicyDescription { PolicyDescription(type, entry(P.example).entry, self) }
        return self[id].map { describe($0) }
    }

    /// Of every policy, in the order of the registry.
    package var descriptions: [PolicyDescription] { names.compactMap { description(of: $0) } }

    /// Reads one entry of `policies`, with everything that is wrong with it.
    package func entry(_ yaml: String) -> (entry: PolicyEntry?, diagnostics: [Diagnostic]) {
        let (tree, diagnostics) = ConfigNode.read(yaml: yaml, file: "example")
        let context = DecodingContext(catalogue: self)
        let entry = PolicyEntry.decode(tree, in: context)
        return (entry, diagnostics + context.diagnostics)
    }

    /// Why there is no policy of that name, and which one may have been meant.
    package func unknown(_ name: String) -> String {
        if reserved.contains(name) { return "The policy \(name) is part of the configuration format, but this version does not have it yet." }
        let question = Suggestion.nearest(to: name, among: names).map { " Did you mean \($0)?" }
        return "There is no policy called \(name).\(question ?? "")"
    }
}
