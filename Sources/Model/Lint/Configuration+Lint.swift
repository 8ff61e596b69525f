package import Schema

extension Configuration {
    /// What is wrong beyond types and ranges: references between settings, names, and what can never have an effect.
    ///
    /// - Parameter regex: what a regular expression is made of, or why it is none.
    package func lint(regex: @escaping RegexCheck = checkLinearRegex) -> [Diagnostic] {
        var linter = Linter(regex: regex)
        linter.check(self)
        return linter.diagnostics
    }

    /// Decodes and lints a tree.
    package static func load(_ tree: ConfigNode, policies: any SettingsCatalogue = EmptyCatalogue()) -> Loaded<Configuration> {
        load(tree, catalogue: policies) { $0.lint() }
    }
}

/// Collects findings. Checks live in extensions, one file for each part of the file format.
struct Linter {
    let regex: RegexCheck
    private(set) var diagnostics: [Diagnostic] = []
    /// Upstreams that a route uses.
    var usedUpstreams: Set<String> = []
    var knownUpstreams: Set<String> = []

    init(regex: @escaping RegexCheck) { self.regex = regex }

    mutating func error(_ position: SourcePosition, _ path: @autoclosure () -> String, _ message: String, remedy: String? = nil) {
        diagnostics.append(Diagnostic(.error, at: position, path: path(), message, remedy: remedy))
    }

    mutating func warning(_ position: SourcePosition, _ path: @autoclosure () -> String, _ message: String, remedy: String? = nil) {
        diagnostics.append(Diagnostic(.warning, at: position, path: path(), message, remedy: remedy))
    }

    mutating func check(_ configuration: Configuration) {
        knownUpstreams = Set(configuration.upstreams.map(\.name))
        checkAdmin(configuration.admin)
        checkTelemetry(configuration.telemetry)
        checkSecrets(configuration.secrets)
        checkListeners(configuration.listeners, admin: configuration.admin.address, acme: configuration.acme)
        checkACME(configuration)
        checkGossip(configuration.state.gossip)
        checkUpstreams(configuration.upstreams)
        checkAPIs(configuration.apis)
        checkPlans(configuration)
        checkConsumers(configuration.consumers, PlanNames(configuration.plans))
        checkState(configuration.state)
        checkUse(of: configuration.upstreams)
        if configuration.listeners.isEmpty {
            warning(
                configuration.$listeners.position, "listeners", "there is no listener, so nobody can reach the gateway",
                remedy: "add `listeners: [{ name: web, address: 0.0.0.0:8080 }]`")
        }
    }

    /// Reports names that are empty, or stand there twice, in a list called `list`.
    mutating func checkNames(_ names: [Setting<String>], of list: String) {
        var first: [String: SourcePosition] = [:]
        first.reserveCapacity(names.count)
        for (i, name) in names.enumerated() {
            if name.wrappedValue.isEmpty || name.wrappedValue.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) {
                error(name.position, "\(list)[\(i)].name", "a name needs at least one character, and no control characters")
            }
            if let before = first.updateValue(name.position, forKey: name.wrappedValue) {
                error(name.position, "\(list)[\(i)].name", "the name \(name.shown) is taken already at \(before)")
            }
        }
    }
}
