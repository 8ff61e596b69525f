import GatewayCore
import HTTPEngine
import Model
import PolicyKit
import Primitives
import Reactor
import Routing
import Upstreams

/// The life of an exchange, in the order in which it happens.
extension Worker {
    /// A request head is there, or was refused by the engine.
    func handle(_ exchange: Exchange) {
        // A body that breaks later ends what has begun: in its own snapshot, under its own id.
        if exchange.snapshot != nil, let error = exchange.error { return refuse(exchange, error) }
        exchange.observer = self
        let view = self.view
        exchange.snapshot = view
        exchange.call = CallKind(contentType: exchange.request.fields[.contentType])
        exchange.requestID = RequestID(milliseconds: loop.wallClock / 1_000_000, random: (random.next(), random.next()))
        if exchange.client.isTrusted, let given = exchange.request.fields[.xRequestID] { exchange.keepRequestID(given) }
        if let error = exchange.error { return refuse(exchange, error) }
        if exchange.client.isTrusted { ForwardingHeaders.resolveClient(exchange) }
        guard admits(exchange) else { return }
        guard beginCall(exchange) else { return }
        if let certificates, let token = challengeToken(exchange) { return answerChallenge(token, exchange, certificates) }
        route(exchange, view)
    }

    /// Finds the route, and begins its chain.
    func route(_ exchange: Exchange, _ view: SnapshotView) {
        if redirectsToHTTPS(exchange) { return }
        guard let route = match(exchange, view) else { return }
        exchange.route = Int32(truncatingIfNeeded: route.index)
        if overload != nil, !admits(exchange, route, view) { return }
        if exchange.request.path.contains(UInt8(ascii: "%")), !acceptsSlashes(exchange, route, view) { return }
        exchange.keep(captures)
        if let timing = view.timing { timing.begin(exchange) }
        guard let chain = route.chain else { return perform(route, exchange, view) }
        runRequest(exchange, through: chain)
    }

    private func match(_ exchange: Exchange, _ view: SnapshotView) -> CompiledRoute? {
        if exchange.request.method == .options, let route = preflightRoute(exchange, view) { return route }
        switch view.table.match(RequestFacts(exchange: exchange), captures: &captures) {
        case .route(let index): return view.routes[index]
        case .notFound where exchange.request.path == "*":
            // OPTIONS * asks about the gateway itself (RFC 9110 §9.3.7).
            exchange.response.status = 204
            exchange.reply(body: ByteView())
        case .notFound:
            refuse(exchange, GatewayError(.routeNotFound, .gateway, "No route matches this host and path."))
        case .methodNotAllowed(let methods):
            refuse(exchange, GatewayError(.methodNotAllowed, "This path answers to other methods; see Allow."), allow: methods)
        }
        return nil
    }

    /// What the route wants of escaped slashes; false when the exchange was refused.
    private func acceptsSlashes(_ exchange: Exchange, _ route: CompiledRoute, _ view: SnapshotView) -> Bool {
        guard route.encodedSlashes != .keep, EncodedSlash.isIn(exchange.request.path) else { return true }
        if route.encodedSlashes == .decode {
            guard EncodedSlash.decode(exchange.request) else {
                refuse(exchange, GatewayError(.badTarget, "The path is malformed once its slashes are decoded."))
                return false
            }
            // Deciding on one path and forwarding another is how access rules are evaded: decoded, it has to lead to the
            // same route.
            if case .route(route.index) = view.table.match(RequestFacts(exchange: exchange), captures: &captures) { return true }
        }
        refuse(exchange, GatewayError(.encodedSlash))
        return false
    }

    /// The route's action, once the request has passed its chain.
    func perform(_ route: CompiledRoute, _ exchange: Exchange, _ view: SnapshotView) {
        switch route.action {
        case .upstream(let index): forward(exchange, route, to: index, view)
        case .split(let split):
            let number = split.key.map { HashKeyValue.hash($0, exchange) } ?? random.next()
            guard let index = split.choose(number) else {
                return refuse(exchange, GatewayError(.noHealthyEndpoint, .gateway, "The split of this route has no target."))
            }
            forward(exchange, route, to: index, view)
        case .redirect(let location, let status): redirect(exchange, location, status)
        case .respond(let canned): respond(exchange, canned)
        }
    }

    private func forward(_ exchange: Exchange, _ route: CompiledRoute, to upstream: Int, _ view: SnapshotView) {
        if !exchange.request.upgradeSpan.isEmpty {
            guard askUpgrade(exchange, route) else { return }
        }
        let lane = view.lanes[upstream]
        exchange.upstreamIndex = Int32(truncatingIfNeeded: upstream)
        if let bulkhead = lane.settings.bulkhead, !entersBulkhead(exchange, lane, bulkhead.by) { return }
        ForwardTarget.set(exchange, route, scratch: scratch)
        ForwardingHeaders.apply(exchange)
        ForwardHost.set(exchange, route.hostHeader ?? lane.settings.hostHeader)
        if let rule = lane.settings.deadline, !keepDeadline(exchange, rule, lane.settings.timeouts) { return }
        if exchange.call != .none, !prepareCall(exchange) { return refuse(exchange, GatewayError(.deadlineExceeded)) }
        lane.vitals.request(loop.now)
        recordBody(exchange, lane.settings.retries)
        if let replay = exchange.requestReplay { exchange.request.announce(replay.body.count) }
        if !exchange.requestStages.isEmpty, exchange.tunnel == .none { filterRequestBody(exchange) }
        if !exchange.paces.isEmpty { BodyPacer.begin(exchange) }
        if lane.vitals.hedgeQueue != nil { watchForHedge(exchange, lane) }
        lane.send(exchange)
    }

    private func redirect(_ exchange: Exchange, _ location: CompiledTemplate, _ status: Int) {
        let response = exchange.response
        response.status = status
        response.framing = .length(0)
        response.fields.append(.location) { location.render(exchange, to: $0) }
        answer(exchange, body: ByteView())
    }

    private func respond(_ exchange: Exchange, _ canned: CannedResponse) {
        let response = exchange.response
        response.status = canned.status
        for (name, value) in canned.headers { response.fields.append(name, value) }
        if let constant = canned.body.constant {
            constant.withView { body in
                prepare(response, canned, body)
                answer(exchange, body: body)
            }
        } else {
            scratch.clear()
            canned.body.render(exchange, to: scratch)
            prepare(response, canned, scratch.view)
            answer(exchange, body: scratch.view)
        }
    }

    private func prepare(_ response: ResponseHead, _ canned: CannedResponse, _ body: ByteView) {
        response.framing = .length(body.count)
        if !canned.hasContentType, !body.isEmpty { response.fields.append(.contentType, ByteView("text/plain; charset=utf-8")) }
    }
}
