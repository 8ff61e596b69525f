import Expressions
package import GatewayCore
import HTTPEngine
package import Identity
package import Model
package import PolicyKit
import Primitives
import Reactor
import Routing
package import Schema
package import SharedState
package import TLS
import Upstreams

extension Snapshot {
    /// Compiles a configuration that lint has passed. `loops` divides the upstreams' limits; `store` is the database of consumers;
    /// `before` is the snapshot that this one replaces.
    ///
    /// `callouts` is what policies are given to call out with, `stores` what they count with (nil: what those of `before` do), `events`
    /// is where they tell of things; `certificates` are those that come while the snapshot serves.
    ///
    /// Answers every problem at once; with an error among them there is no snapshot.
    package static func compile(
        _ configuration: Configuration, policies: PolicyRegistry = .empty, version: String, loops: Int, store: (any IdentityStore)? = nil,
        before: Snapshot?, callouts: any CalloutClient = Callouts.checking, stores: SharedStores? = nil,
        events: any EventSink = NoEvents(), certificates: (any CertificateSource)? = nil
    ) -> Loaded<Snapshot> {
        let stores = stores ?? before?.stores ?? .checking(configuration)
        let consumers = ConsumerDigest(configuration.consumers)
        let keepsConsumers = before?.consumers == consumers && before?.identities?.store === store
        let policyCompiler = PolicyCompiler(
            policies, loops: loops, consumers: configuration.consumers, store: store,
            before: before?.loops == loops ? before?.policies ?? [:] : [:], identities: keepsConsumers ? before?.identities : nil,
            callouts: callouts, stores: stores, keepsStores: before.map { $0.stores === stores && $0.storeKinds == stores.kinds } ?? true,
            events: events,
            plans: configuration.plans, keepsPlans: before?.configuration.plans == configuration.plans)
        var compiler = SnapshotCompiler(configuration, policies: policyCompiler)
        compiler.compileRoutes()
        let timing = compiler.compileTiming()
        let overload = compiler.compileOverload()
        let tls = compiler.compileTLS(before: before?.tls ?? [:], source: certificates)
        let upstreams = compiler.compileUpstreams(loops: loops, before: before)
        guard !compiler.diagnostics.hasErrors, let table = compiler.compileTable() else {
            return Loaded(value: nil, diagnostics: compiler.diagnostics)
        }
        var places: [String: Int32] = [:]
        for route in before?.routes ?? [] { places["\(route.api)\u{0}\(route.name)"] = Int32(route.index) }
        let snapshot = Snapshot(
            version: version, configuration: configuration, consumers: consumers, routes: compiler.routes, table: table,
            upstreams: upstreams,
            predecessors: compiler.routes.map { places["\($0.api)\u{0}\($0.name)"] ?? -1 }, policies: compiler.policies.instances,
            identities: compiler.policies.identities, stores: stores, timing: timing, overload: overload, tls: tls, loops: loops)
        return Loaded(value: snapshot, diagnostics: compiler.diagnostics)
    }
}

/// Turns the routes of a model into compiled ones and into rules of the route table.
struct SnapshotCompiler {
    let configuration: Configuration
    let upstreamIndex: [String: Int]
    var routes: [CompiledRoute] = []
    var rules: [RouteRule] = []
    var origins: [(path: String, position: SourcePosition)] = []
    var policies: PolicyCompiler
    var diagnostics: [Diagnostic] = []

    init(_ configuration: Configuration, policies: PolicyCompiler) {
        self.configuration = configuration
        self.policies = policies
        var index: [String: Int] = [:]
        for (i, upstream) in configuration.upstreams.enumerated() where index[upstream.name] == nil { index[upstream.name] = i }
        upstreamIndex = index
    }

    mutating func compileRoutes() {
        let count = configuration.apis.reduce(0) { $0 + $1.routes.count }
        routes.reserveCapacity(count)
        rules.reserveCapacity(count)
        let plans = policies.compilePlans()
        let forAll = policies.compile(configuration.policies, scope: "gateway", path: "policies")
        for (a, api) in configuration.apis.enumerated() {
            let hosts = api.hosts.map(Routing.HostPattern.init)
            let ofAPI = policies.compile(api.policies, scope: "api\u{0}\(api.name)", path: "apis[\(a)].policies")
            for (r, route) in api.routes.enumerated() {
                let path = "apis[\(a)].routes[\(r)]"
                origins.append((path, route.origin.position))
                do {
                    try compile(route, of: api, hosts: hosts, path: path, policies: [forAll, ofAPI], plans: plans)
                } catch let error as TextError {
                    report(error.error, in: error.text, path: "\(path).\(error.path)")
                } catch {
                    diagnostics.append(Diagnostic(.error, at: route.origin.position, path: path, "\(error)"))
                }
            }
        }
        diagnostics += policies.diagnostics + policies.planWarnings(configuration.plans)
    }

    private mutating func compile(
        _ route: Route, of api: API, hosts: [Routing.HostPattern], path: String, policies outer: [[PolicyLink]], plans: PolicyLink?
    ) throws {
        let pattern = try pathPattern(route.match)
        let index = routes.count
        // A call names its service by the whole path.
        let basePath = route.match.grpc == nil ? api.basePath.prefix : ""
        rules.append(
            RouteRule(
                index: index, label: "\(path) \"\(route.label)\" (\(route.origin.position))", hosts: hosts, basePath: basePath,
                path: pattern, methods: methods(route.match),
                conditions: try conditions(route.match), priority: route.priority))
        let names = pattern.parameterNames
        var groups = 0
        var hasRest = false
        switch pattern {
        case .regex(let regex): groups = regex.captureCount
        case .prefix, .any: hasRest = true
        default: break
        }
        func template(_ template: Template) -> CompiledTemplate {
            CompiledTemplate(template, parameters: names, hasRest: hasRest, groups: groups)
        }
        let action: CompiledAction
        var target = ""
        switch route.action {
        case .upstream(let name):
            action = .upstream(try upstream(name))
            target = name
        case .split(let targets, let key): action = .split(try split(targets, key))
        case .redirect(let redirect): action = .redirect(template(redirect.to), status: redirect.status.code)
        case .respond(let respond):
            let headers = respond.headers.entries.map { (name: $0.key.lowercased(), value: $0.value) }
            action = .respond(
                CannedResponse(
                    status: respond.status, headers: headers.filter { $0.name != "content-length" }, body: template(respond.body),
                    hasContentType: headers.contains { $0.name == "content-type" }))
        case nil: throw CompileError("a route needs exactly one action: upstream, split, redirect or respond")
        }
        let own = policies.compile(route.policies, scope: "route\u{0}\(api.name)\u{0}\(route.label)", path: "\(path).policies")
        let chain = policies.chain(
            outer + [own], plans: plans, for: RouteFacts(api: api.name, route: route.label, forwards: action.forwards))
        routes.append(
            CompiledRoute(
                index: index, api: api.name, name: route.label, action: action, upstream: target,
                stripsBasePath: !api.keepBasePath && !basePath.isEmpty,
                encodedSlashes: route.encodedSlashes ?? api.encodedSlashes, rewrite: route.rewrite?.path.map(template),
                hostHeader: route.hostHeader.map(Upstreams.HostHeader.init), tunnel: TunnelSettings(route, of: api),
                importance: route.importance ?? api.importance, parameters: names, chain: chain))
    }

    mutating func compileTiming() -> TimingRule? {
        guard let timing = configuration.telemetry.policyTiming else { return nil }
        do throws(ExpressionError) {
            return TimingRule(
                condition: try Expression(timing.when.text, in: .match, expecting: .bool), header: timing.header, log: timing.log)
        } catch {
            report(error, in: timing.when, path: "telemetry.policyTiming.when")
            return nil
        }
    }

    private func expression(
        _ text: ExpressionText, in environment: ExpressionEnvironment, expecting: ExpressionType? = nil, path: String
    ) throws(TextError) -> Expression {
        do throws(ExpressionError) {
            return try Expression(text.text, in: environment, expecting: expecting)
        } catch {
            throw TextError(error: error, text: text, path: path)
        }
    }

    mutating func report(_ error: ExpressionError, in text: ExpressionText, path: String) {
        for flaw in error.all {
            let place = text.place.position(of: flaw.offset, in: text.text)
            diagnostics.append(Diagnostic(.error, at: place, path: path, flaw.message, remedy: flaw.remedy))
        }
    }

    private func upstream(_ name: String) throws(CompileError) -> Int {
        guard let index = upstreamIndex[name] else { throw CompileError("there is no upstream \"\(name)\"") }
        return index
    }

    private func split(_ targets: [SplitTarget], _ key: ExpressionText?) throws -> Split {
        var sum = 0
        var compiled: [(upstream: Int, upTo: Int)] = []
        for target in targets where target.weight > 0 {
            sum += target.weight
            compiled.append((try upstream(target.upstream), sum))
        }
        return Split(targets: compiled, total: sum, key: try key.map { try expression($0, in: .request, path: "splitKey") })
    }

    private func pathPattern(_ match: Model.RouteMatch) throws(PatternError) -> Routing.PathPattern {
        if let regex = match.pathRegex { return try Routing.PathPattern(regex: regex) }
        guard let path = match.path?.text ?? match.grpc?.path else { return .any }
        return try Routing.PathPattern(parsing: path)
    }

    private func methods(_ match: Model.RouteMatch) -> HTTPMethodSet {
        if match.grpc != nil { return HTTPMethodSet(.post) }
        return match.methods.reduce(into: HTTPMethodSet()) { $0.insert(HTTPMethodSet($1)) }
    }

    private func conditions(_ match: Model.RouteMatch) throws -> [RouteCondition] {
        var result: [RouteCondition] = []
        if match.grpc != nil { result.append(.call) }
        for entry in match.headers.entries { result.append(.header(name: entry.key.lowercased(), try test(entry.value))) }
        for entry in match.query.entries { result.append(.query(name: entry.key, try test(entry.value))) }
        if !match.clientIp.isEmpty { result.append(.clientIP(match.clientIp)) }
        if let when = match.when { result.append(.expression(try expression(when, in: .match, expecting: .bool, path: "match.when"))) }
        return result
    }

    private func test(_ match: ValueMatch) throws(LinearRegex.SyntaxError) -> RouteCondition.ValueTest {
        switch match {
        case .exact(let text): .equals(text)
        case .prefix(let text): .hasPrefix(text)
        case .regex(let pattern): .regex(try LinearRegex(pattern))
        case .present(true): .present
        case .present(false): .absent
        }
    }

    mutating func compileTable() -> RouteTable? {
        do throws(RouteTableError) {
            return try RouteTable(rules)
        } catch {
            for problem in error.problems {
                let index =
                    switch problem {
                    case .conflict(_, let second, _): second
                    case .invalid(let rule, _): rule
                    }
                diagnostics.append(Diagnostic(.error, at: origins[index].position, path: origins[index].path, problem.message))
            }
            return nil
        }
    }
}

/// An expression of a route that can't be compiled; its flaws have places of their own.
private struct TextError: Error {
    let error: ExpressionError
    let text: ExpressionText
    /// Below the route.
    let path: String
}

struct CompileError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

extension Routing.HostPattern {
    init(_ pattern: Model.HostPattern) {
        switch pattern {
        case .exact(let name): self = .exact(name)
        case .wildcard(let suffix): self = .wildcard(suffix)
        case .any: self = .any
        }
    }
}
