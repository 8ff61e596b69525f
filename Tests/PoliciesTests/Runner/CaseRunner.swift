import DataPlane
import Model
import Policies
import Schema

/// Takes a case through a rig and says everything that is not as the case says.
struct CaseRunner {
    let rig: any Rig

    static func problems(of file: CaseFile, on rig: any Rig) async -> [String] {
        let loaded = file.read()
        guard let value = loaded.value else { return loaded.diagnostics.map(\.description) }
        return await CaseRunner(rig: rig).problems(of: value)
    }

    func problems(of value: Case) async -> [String] {
        guard value.refused.isEmpty else { return CaseRunner.refusalProblems(of: value) }
        do {
            try await rig.begin(value)
            try await apply(value.config, for: value)
        } catch {
            return ["\(error)"]
        }
        var problems: [String] = []
        for (i, step) in value.steps.enumerated() {
            do {
                problems += try await run(step, of: value).map { "step \(i + 1) (\(step.origin.position)): \($0)" }
            } catch {
                problems.append("step \(i + 1) (\(step.origin.position)): \(error)")
                break
            }
        }
        return problems
    }

    private func run(_ step: CaseStep, of value: Case) async throws -> [String] {
        if let time = step.advance { try await rig.advance(time) }
        if let configuration = step.reload { try await apply(configuration, for: value) }
        guard let request = step.send else { return [] }
        var problems: [String] = []
        for round in 1...step.times {
            let outcome = try await rig.send(request, answer: step.answer, callouts: step.callouts, withProxyHeader: value.namesClients)
            var found = step.expect?.problems(with: outcome) ?? []
            if value.looksAtLog, let line = try await rig.logLine() { found += step.expect?.problems(withLog: line) ?? [] }
            problems += found.map { step.times > 1 ? "time \(round): \($0)" : $0 }
        }
        return problems
    }

    private func apply(_ configuration: CaseConfiguration, for value: Case) async throws {
        var places = rig.places
        places.usesProxyProtocol = value.namesClients
        if !value.looksAtLog { places.accessLog = nil }
        let context = DecodingContext()
        let tree = configuration.tree(places, context)
        guard !context.diagnostics.hasErrors else { throw RigError(context.diagnostics.text) }
        let loaded = Configuration.load(tree, policies: builtInPolicies)
        guard let model = loaded.value else {
            throw RigError(loaded.diagnostics.filter { $0.severity == .error }.map(\.description).joined(separator: "\n"))
        }
        try await rig.apply(tree, model)
    }

    // MARK: Refused configurations

    /// The errors must be those that the case names, no more and no less.
    static func refusalProblems(of value: Case) -> [String] {
        var rest = errors(of: value.config)
        var problems: [String] = []
        for expected in value.refused {
            let found = rest.firstIndex { error in
                error.text.contains(expected.message) && (expected.at == nil || expected.at == "\(error.line):\(error.column)")
            }
            if let found {
                rest.remove(at: found)
            } else {
                let at = expected.at.map { " at \($0)" } ?? ""
                problems.append(
                    "\(expected.origin.position): no error `\(expected.message)`\(at) in:\n\(rest.map(\.description).joined(separator: "\n"))")
            }
        }
        return problems + (problems.isEmpty ? rest.map { "not expected: \($0)" } : [])
    }

    private static func errors(of configuration: CaseConfiguration) -> [Diagnostic] {
        let context = DecodingContext()
        let tree = configuration.tree(RigPlaces(listener: "127.0.0.1:80", upstream: "127.0.0.1:81", callouts: "127.0.0.1:82"), context)
        let loaded = Configuration.load(tree, policies: builtInPolicies)
        var diagnostics = context.diagnostics + loaded.diagnostics
        if let model = loaded.value {
            diagnostics += Snapshot.compile(model, policies: builtInPolicies, version: "1", loops: 2, before: nil).diagnostics
        }
        return diagnostics.filter { $0.severity == .error }
    }
}

extension Diagnostic {
    /// What is said, without its place.
    fileprivate var text: String { remedy.map { "\(message); \($0)" } ?? message }
}
