package import GatewayCore
import HTTPEngine
import PolicyKit
package import Primitives
import Reactor
import Routing
import Upstreams

/// What a snapshot would do with a request, without one: for `sluice route`.
package struct RouteProbe {
    package var method = "GET"
    /// Host, with or without port.
    package var host = ""
    /// Path and query.
    package var target = "/"
    package var headers: [(name: String, value: String)] = []
    package var client = IPAddress.loopback

    package init() {}

    package struct Answer {
        /// Nil: the request is answered by the gateway itself, as `summary` says.
        package var route: String?
        package var summary: [String]
        package var others: [String]
    }

    /// The decision, and why other routes were not taken. The request passes the same parser and normaliser as real ones.
    package func ask(_ snapshot: Snapshot) throws(GatewayError) -> Answer {
        let exchange = Exchange(loop: EventLoop(index: 0, backend: NoBackend()))
        var text = "\(method) \(target) HTTP/1.1\r\nHost: \(host)\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        text += "\r\n"
        switch text.withView({ RequestHeadParser.parse($0, limits: HeadLimits(), into: exchange.request) }) {
        case .failed(let error): throw error
        case .incomplete: throw GatewayError(.badRequestLine, "The request is incomplete.")
        case .complete: break
        }
        exchange.call = CallKind(contentType: exchange.request.fields[.contentType])
        exchange.client.address = client
        var captures = RouteCaptures()
        let facts = RequestFacts(exchange: exchange)
        let others = snapshot.table.explain(facts, limit: 8).filter { $0.verdict != .chosen }.map { "\($0.label): \($0.reason)" }
        switch snapshot.table.match(facts, captures: &captures) {
        case .notFound: return Answer(route: nil, summary: ["404 route_not_found: no route matches this host and path"], others: others)
        case .methodNotAllowed(let methods):
            return Answer(
                route: nil, summary: ["405 method_not_allowed: the path answers to \(methods.names.joined(separator: ", "))"], others: others)
        case .route(let index):
            let route = snapshot.routes[index]
            exchange.keep(captures)
            return Answer(route: "\(route.api) / \(route.name)", summary: describe(route, exchange, captures, snapshot), others: others)
        }
    }

    private func describe(_ route: CompiledRoute, _ exchange: Exchange, _ captures: borrowing RouteCaptures, _ snapshot: Snapshot) -> [String] {
        var lines: [String] = ["path \(exchange.request.path.string)"]
        let names = snapshot.table.parameterNames(of: route.index)
        for (position, name) in names.enumerated() {
            if let range = captures.parameter(position) { lines.append("{\(name)} = \(exchange.request.path[range].string)") }
        }
        func upstream(_ index: Int) -> String {
            let upstream = snapshot.upstreams[index]
            let endpoints = upstream.endpoints.map { source -> String in
                switch source {
                case .address(let settings): "\(settings.name) (weight \(settings.weight))"
                case .name(let name, let port, let weight, _): "\(name):\(port) by DNS (weight \(weight))"
                case .service(let name, let weight): "\(name) by DNS as a service (weight \(weight))"
                }
            }
            return "upstream \(upstream.settings.name): \(endpoints.joined(separator: ", "))"
        }
        let scratch = ByteBuffer()
        switch route.action {
        case .upstream(let index):
            ForwardTarget.set(exchange, route, scratch: scratch)
            lines.append("forwards \(exchange.request.view(exchange.request.forwardSpan).string) to \(upstream(index))")
        case .split(let split):
            ForwardTarget.set(exchange, route, scratch: scratch)
            lines.append("forwards \(exchange.request.view(exchange.request.forwardSpan).string) to one of")
            var before = 0
            for target in split.targets {
                lines.append("  \(target.upTo - before) of \(split.total): \(upstream(target.upstream))")
                before = target.upTo
            }
        case .redirect(let location, let status):
            location.render(exchange, to: scratch)
            lines.append("redirects with \(status) to \(scratch.view.string)")
        case .respond(let canned): lines.append("responds with \(canned.status)")
        }
        if let chain = route.chain { lines.append("policies \(chain.summary)") }
        return lines
    }
}

/// For a loop that never turns.
private final class NoBackend: Backend {
    var now: Instant { .now }
    func turn(until deadline: Instant, loop: EventLoop) {}
    func wake() {}
    func add(_ connection: Connection) throws(SystemError) {}
    func interestChanged(_ connection: Connection) {}
    func send(_ connection: Connection, _ first: ByteView, _ second: ByteView) -> SendResult { .taken(0) }
    func shutdownOutput(_ connection: Connection) {}
    func close(_ connection: Connection, reset: Bool) {}
    func connect(to address: SocketAddress, loop: EventLoop, handler: any ConnectionHandler) throws(SystemError) -> Connection {
        throw SystemError("connect", code: 0)
    }
    func add(_ acceptor: Acceptor) throws(SystemError) {}
    func resume(_ acceptor: Acceptor) {}
    func remove(_ acceptor: Acceptor) {}
}
