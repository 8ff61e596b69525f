import GatewayCore
import Model
import PolicyKit
import Primitives
import Schema

/// Policies that authenticate, tried one after the other: one of them has to let the request pass, or all.
package final class MethodGroup: Sendable {
    enum Rule: Sendable {
        case any
        case all
    }

    /// One policy of the group, as the phases see it.
    struct Method: Sendable {
        enum Action: Sendable {
            case now(any RequestPolicy)
            case later(any AsyncRequestPolicy)
        }

        let instance: PolicyInstance
        let action: Action
        let response: (any ResponsePolicy)?
        let body: (any RequestBodyPolicy)?
        let finish: (any FinishPolicy)?
        /// Lets in who brings no credentials at all; with `onInvalid`, also who brings wrong ones.
        let fallback: Anonymous?

        var hasLaterPhases: Bool { response != nil || body != nil || finish != nil }
    }

    /// Methods of a group: an exchange has a bit for each.
    static let most = 64

    let rule: Rule
    let methods: [Method]
    /// The members act after the request's head, so it has to be remembered which of them took part, and their memos.
    let remembers: Bool

    /// - Parameter predecessor: the group that stood there before.
    init(_ entries: Setting<[PolicyEntry]>, _ rule: Rule, _ context: PolicyContext, predecessor: MethodGroup?) throws(PolicyError) {
        let list = entries.wrappedValue
        let instances = try context.nested(list, path: "methods", before: predecessor?.methods.map(\.instance) ?? [])
        guard !instances.isEmpty else {
            throw PolicyError(
                "there is no method, so nobody would get in", at: entries.position, path: "methods", remedy: "such as `[api-key, basic-auth]`")
        }
        guard instances.count <= MethodGroup.most else {
            throw PolicyError("a group has at most \(MethodGroup.most) methods", at: entries.position, path: "methods")
        }
        var methods: [Method] = []
        var flaws: [PolicyError.Flaw] = []
        for (i, instance) in instances.enumerated() {
            do throws(PolicyError) {
                methods.append(try Method(instance, rule, isLast: i == instances.count - 1))
            } catch {
                let entry = list.first { $0.policy == instance.id && $0.label == instance.label }
                flaws += error.flaws.map { PolicyError.Flaw($0.message, at: entry?.position ?? entries.position, path: "methods", remedy: $0.remedy) }
            }
        }
        if rule == .all, methods.count(where: { $0.body != nil }) > 1 {
            flaws.append(PolicyError.Flaw("only one of the methods may look at the body", at: entries.position, path: "methods"))
        }
        guard flaws.isEmpty else { throw PolicyError(flaws) }
        self.rule = rule
        self.methods = methods
        remembers = methods.contains { $0.hasLaterPhases }
    }

    var members: [PolicyInstance] { methods.map(\.instance) }

    /// What is known of every request that has passed.
    var provided: [Fact] {
        let facts = methods.map { Set($0.instance.provides) }
        guard let first = facts.first else { return [] }
        let sum = facts.dropFirst().reduce(first) { rule == .any ? $0.intersection($1) : $0.union($1) }
        return sum.sorted { $0.description < $1.description }
    }

    func phases(on route: RouteFacts) -> PolicyPhases {
        var phases: PolicyPhases = .request
        for method in methods {
            let own = method.instance.policy.phases(on: route)
            if method.response != nil { phases.formUnion(own.intersection(.response)) }
            if method.body != nil { phases.formUnion(own.intersection(.requestBody)) }
            if method.finish != nil { phases.formUnion(own.intersection(.finish)) }
        }
        return phases
    }
}

extension MethodGroup.Method {
    fileprivate init(_ instance: PolicyInstance, _ rule: MethodGroup.Rule, isLast: Bool) throws(PolicyError) {
        let policy = instance.policy
        guard !instance.provides.isEmpty else {
            throw PolicyError("`\(instance.id)` does not find out who calls, so it is no method", remedy: "put it beside the group")
        }
        if instance.asksOfResponse { throw PolicyError("`when` asks for the response, which is not there yet when `\(instance.id)` acts") }
        guard !(policy is any AsyncResponsePolicy), !(policy is any ResponseBodyPolicy) else {
            throw PolicyError("`\(instance.id)` acts on responses in a way that no group can: let it stand alone")
        }
        switch policy {
        case let policy as any AsyncRequestPolicy: action = .later(policy)
        case let policy as any RequestPolicy: action = .now(policy)
        default: throw PolicyError("`\(instance.id)` does not act on requests")
        }
        fallback = policy as? Anonymous
        if fallback != nil, rule == .all || !isLast {
            throw PolicyError(
                rule == .all
                    ? "`anonymous` adds nothing where all methods are needed" : "`anonymous` lets everybody in, so nothing behind it is tried",
                remedy: rule == .all ? "use `any-of`" : "put it last")
        }
        self.instance = instance
        response = policy as? any ResponsePolicy
        body = policy as? any RequestBodyPolicy
        finish = policy as? any FinishPolicy
    }
}
