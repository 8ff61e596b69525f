import Expressions
package import Model
import Schema

extension PolicyContext {
    /// The policy of an entry, made or kept; nil when its condition never holds.
    ///
    /// - Parameters:
    ///   - known: what stood there before.
    ///   - isKept: what else than its settings it was made from is the same.
    func instance(
        of entry: PolicyEntry, _ type: any Policy.Type, _ known: PolicyInstance?, isKept: Bool
    ) throws(PolicyError) -> PolicyInstance? {
        var condition: Expression?
        if let when = entry.options.when { condition = try compile(when: when) }
        if case .bool(let decided) = condition?.constant {
            // What never holds is left out; what always holds needs no looking at.
            guard decided else { return nil }
            condition = nil
        }
        let policy: any Policy
        if let known, known.config.isEqual(to: entry.config), isKept {
            policy = known.policy
        } else {
            policy = try type.make(entry.config, self)
        }
        return PolicyInstance(
            id: entry.policy, label: entry.label, policy: policy, config: entry.config, condition: condition,
            conditionText: entry.options.when?.text, isGuard: type.isGuard, provides: policy.provided, needs: type.needs(of: entry.config))
    }

    private func compile(when: ExpressionText) throws(PolicyError) -> Expression {
        do throws(PolicyError) {
            return try compile(when, "", expecting: .bool, isResponseKnown: true)
        } catch {
            throw PolicyError(
                error.flaws.map { flaw in
                    var flaw = flaw
                    flaw.message = "`when`: \(flaw.message)"
                    return flaw
                })
        }
    }
}

extension PolicyContext {
    /// Makes the policies of a list within a policy's settings, such as the methods of `any-of`. All their flaws and warnings are told at
    /// their own places.
    ///
    /// - Parameters:
    ///   - path: the setting.
    ///   - before: the members of the policy's predecessor.
    package func nested(_ entries: [PolicyEntry], path: String, before: [PolicyInstance]) throws(PolicyError) -> [PolicyInstance] {
        var instances: [PolicyInstance] = []
        var flaws: [PolicyError.Flaw] = []
        for (i, entry) in entries.enumerated() where entry.options.enabled {
            let known = before.first { $0.id == entry.policy && $0.label == entry.label }
            let inner = PolicyContext(
                label: entry.label, place: "\(place)/\(entry.policy)/\(i)", loops: loops, identities: identities, predecessor: known?.policy,
                callouts: callouts,
                stores: stores, events: events, registry: registry)
            func placed(_ flaw: PolicyError.Flaw) -> PolicyError.Flaw {
                var flaw = flaw
                if flaw.position == .none { flaw.position = entry.position }
                flaw.path = "\(path)[\(i)].\(entry.policy)" + (flaw.path.isEmpty ? "" : ".\(flaw.path)")
                return flaw
            }
            do throws(PolicyError) {
                guard let type = registry[entry.policy] else { throw PolicyError("there is no policy called `\(entry.policy)`") }
                // The group is made anew, so its settings, the consumers or the stores have changed: nobody knows which.
                let keeps = !type.usesConsumers
                if let instance = try inner.instance(of: entry, type, known, isKept: keeps) { instances.append(instance) }
            } catch {
                flaws += error.flaws.map(placed)
            }
            for warning in inner.warnings.take().map(placed) {
                warn(warning.message, at: warning.position, path: warning.path, remedy: warning.remedy)
            }
        }
        guard flaws.isEmpty else { throw PolicyError(flaws) }
        return instances
    }
}

/// A policy made of policies: what is drawn of it names them.
package protocol PolicyGroup: Policy {
    var members: [PolicyInstance] { get }
}
