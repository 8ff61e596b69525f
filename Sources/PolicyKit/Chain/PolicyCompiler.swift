import Expressions
package import GatewayCore
package import Identity
package import Model
package import Schema
package import SharedState

/// Turns the policies of a configuration into objects and chains. One for each compilation of a snapshot.
package struct PolicyCompiler {
    package private(set) var diagnostics: [Diagnostic] = []
    /// By where they stand: what the next compilation keeps if it has not changed.
    package private(set) var instances: [String: PolicyInstance] = [:]

    let registry: PolicyRegistry
    private let loops: Int
    private let before: [String: PolicyInstance]
    private let consumers: [ConsumerSettings]
    private let store: (any IdentityStore)?
    private let keepsConsumers: Bool
    private let keepsStores: Bool
    /// Made when the first policy asks for consumers, or that of before.
    package private(set) var identities: IdentityDirectory?
    private let callouts: any CalloutClient
    private let stores: SharedStores
    private let events: any EventSink
    private let plans: [Plan]
    private let keepsPlans: Bool
    /// Routes whose callers have plans, `API\0route`, and their APIs.
    var planned: Set<String> = []
    /// Chains by the policies in them: most routes of an API share one.
    private var chains: [[ChainKey]: PolicyChain] = [:]
    private let warnings = PolicyWarnings()
    /// What was said of an entry is not said again for each route that it applies to.
    private var reported: Set<String> = []

    /// - Parameters:
    ///   - store: the database of consumers, if there is one.
    ///   - before: the instances of the snapshot that is replaced.
    ///   - identities: those of that snapshot, if its consumers and its database are the same.
    ///   - keepsStores: its policies count with the same `stores`.
    ///   - keepsPlans: the plans are those of that snapshot.
    package init(
        _ registry: PolicyRegistry, loops: Int, consumers: [ConsumerSettings], store: (any IdentityStore)? = nil,
        before: [String: PolicyInstance], identities: IdentityDirectory?, callouts: any CalloutClient = NoCallouts(),
        stores: SharedStores = SharedStores(), keepsStores: Bool = true, events: any EventSink = NoEvents(), plans: [Plan] = [],
        keepsPlans: Bool = false
    ) {
        self.registry = registry
        self.loops = loops
        self.consumers = consumers
        self.store = store
        self.before = before
        self.identities = identities
        self.callouts = callouts
        self.stores = stores
        self.keepsStores = keepsStores
        self.events = events
        self.plans = plans
        self.keepsPlans = keepsPlans
        keepsConsumers = identities != nil
    }

    /// Makes the policies of one list, or keeps those of before.
    ///
    /// - Parameters:
    ///   - scope: what the list belongs to, the same from one configuration to the next.
    ///   - path: where it stands, for messages.
    package mutating func compile(_ entries: [PolicyEntry], scope: String, path: String) -> [PolicyLink] {
        var links: [PolicyLink] = []
        var ordinals: [String: Int] = [:]
        for (i, entry) in entries.enumerated() where entry.options.enabled {
            let name = "\(scope)\u{0}\(entry.policy)\u{0}\(entry.label)"
            let ordinal = ordinals[name, default: 0]
            ordinals[name] = ordinal + 1
            let place = "\(path)[\(i)]"
            do throws(PolicyError) {
                guard let link = try link(entry, try type(of: entry), key: "\(name)\u{0}\(ordinal)", path: place) else { continue }
                links.append(link)
            } catch {
                report(error.flaws, .error, of: entry, at: place)
            }
            report(warnings.take(), .warning, of: entry, at: place)
        }
        return links
    }

    /// What carries out the plans, with its place in chains; nil if there are none.
    package mutating func compilePlans() -> PolicyLink? {
        guard let type = registry.ofPlans, let first = plans.first else { return nil }
        let entry = PolicyEntry(policy: type.id, config: type.unsetConfig, position: first.origin.position)
        do throws(PolicyError) {
            return try link(entry, type, key: "plans\u{0}\(type.id)\u{0}\(type.id)\u{0}0", path: "plans")
        } catch {
            report(error.flaws, .error, of: entry, at: "plans")
            return nil
        }
    }

    private mutating func report(
        _ flaws: [PolicyError.Flaw], _ severity: Diagnostic.Severity, of entry: PolicyEntry, at place: String
    ) {
        for flaw in flaws {
            let inside = flaw.path.isEmpty ? "" : ".\(flaw.path)"
            diagnostics.append(
                Diagnostic(
                    severity, at: flaw.position == .none ? entry.position : flaw.position, path: "\(place).\(entry.policy)\(inside)",
                    flaw.message, remedy: flaw.remedy))
        }
    }

    private func type(of entry: PolicyEntry) throws(PolicyError) -> any Policy.Type {
        guard let type = registry[entry.policy] else { throw PolicyError("there is no policy called `\(entry.policy)`") }
        return type
    }

    private mutating func link(
        _ entry: PolicyEntry, _ type: any Policy.Type, key: String, path: String
    ) throws(PolicyError) -> PolicyLink? {
        let known = before[key].flatMap { $0.id == entry.policy ? $0 : nil }
        let context = PolicyContext(
            label: entry.label, place: PolicyCompiler.place(key), loops: loops, identities: type.usesConsumers ? directory() : .empty,
            predecessor: known?.policy,
            callouts: callouts, stores: stores, events: events, plans: type.usesPlans ? plans : [], warnings: warnings, registry: registry)
        let isKept = keepsStores && (keepsConsumers || !type.usesConsumers) && (keepsPlans || !type.usesPlans)
        guard let instance = try context.instance(of: entry, type, known, isKept: isKept) else { return nil }
        instances[key] = instance
        return PolicyLink(instance: instance, needs: type.needs(of: entry.config), position: entry.position, path: path)
    }

    /// `route/orders/list/rate-limit`, `gateway/rate-limit:total`; with `#2` where there are two of the same.
    private static func place(_ key: String) -> String {
        var parts = key.split(separator: "\u{0}", omittingEmptySubsequences: false)
        guard parts.count > 3, let ordinal = parts.popLast(), let label = parts.popLast(), let policy = parts.popLast() else { return key }
        let name = label == policy ? String(policy) : "\(policy):\(label)"
        let number = Int(ordinal).map { $0 > 0 ? "#\($0 + 1)" : "" } ?? ""
        return "\(parts.joined(separator: "/"))/\(name)\(number)"
    }

    private mutating func directory() -> IdentityDirectory {
        if let identities { return identities }
        let (file, found) = ConsumerCompiler.compile(consumers)
        diagnostics += found
        let made = IdentityDirectory(file: file, store: store)
        identities = made
        return made
    }
}

/// Phases of a policy may differ from route to route; routes for which they are the same can share a chain.
private struct ChainKey: Hashable {
    let instance: ObjectIdentifier
    let phases: UInt8
}

/// A policy of a list, with what is needed to check its place in a chain.
package struct PolicyLink: Sendable {
    let instance: PolicyInstance
    let needs: [Fact]
    let position: SourcePosition
    let path: String

    var findsConsumer: Bool { instance.provides.contains(.consumer) }
}

extension PolicyCompiler {
    /// The chain of a route out of the lists that apply to it, outermost first, the last being its own; nil when no policy has anything
    /// to do.
    package mutating func chain(_ lists: [[PolicyLink]], plans: PolicyLink? = nil, for route: RouteFacts) -> PolicyChain? {
        var links: [(instance: PolicyInstance, phases: PolicyPhases)] = []
        var known: Set<Fact> = []
        for link in placed(plans, in: lists, route) {
            check(link, known)
            known.formUnion(link.instance.provides)
            let phases = link.instance.policy.phases(on: route).intersection(link.instance.policy.adopted)
            check(phases, of: link)
            if !phases.isEmpty { links.append((link.instance, phases)) }
        }
        guard !links.isEmpty else { return nil }
        if links.count > PolicyChain.most, let last = lists.joined().last {
            report(last, "the chain of this route has \(links.count) policies, more than \(PolicyChain.most)", .error)
            return nil
        }
        let key = links.map { ChainKey(instance: ObjectIdentifier($0.instance), phases: $0.phases.rawValue) }
        if let shared = chains[key] { return shared }
        let chain = PolicyChain(links)
        chains[key] = chain
        return chain
    }

    private mutating func check(_ link: PolicyLink, _ known: Set<Fact>) {
        for need in link.needs where !known.contains(need) {
            report(
                link, "`\(link.instance.id)` needs the \(need), and no policy before it finds that out", .error,
                remedy: "put one that authenticates before it")
        }
        for fact in link.instance.condition?.facts.subtracting(known).sorted(by: { $0.description < $1.description }) ?? [] {
            report(link, "`when` asks for the \(fact), and no policy before it finds that out", .warning)
        }
    }

    /// What acts on requests can't wait for the response to know whether to act.
    private mutating func check(_ phases: PolicyPhases, of link: PolicyLink) {
        guard link.instance.condition?.asksOfResponse ?? false, !phases.isDisjoint(with: [.request, .requestBody]) else { return }
        report(
            link, "`when` asks for the response, which is not there yet when `\(link.instance.id)` acts on the request", .error,
            remedy: "split the entry in two: one for the request, one for the response")
    }

    mutating func report(_ link: PolicyLink, _ message: String, _ severity: Diagnostic.Severity, remedy: String? = nil) {
        guard reported.insert("\(link.path) \(message)").inserted else { return }
        diagnostics.append(Diagnostic(severity, at: link.position, path: link.path, message, remedy: remedy))
    }
}

extension Policy {
    /// The phases that the policy's type has a method for.
    var adopted: PolicyPhases {
        var phases: PolicyPhases = []
        if self is any RequestPolicy || self is any AsyncRequestPolicy { phases.insert(.request) }
        if self is any ResponsePolicy || self is any AsyncResponsePolicy { phases.insert(.response) }
        if self is any RequestBodyPolicy { phases.insert(.requestBody) }
        if self is any ResponseBodyPolicy { phases.insert(.responseBody) }
        if self is any FinishPolicy { phases.insert(.finish) }
        return phases
    }
}
