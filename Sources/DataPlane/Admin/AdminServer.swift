import GatewayCore
import HTTPEngine
import Model
import PolicyKit
import Primitives
package import Reactor
import Schema
import Synchronization
import Telemetry

extension Gateway {
    /// Serves health, metrics and the admin API on the control loop: the same engine as for everybody, one more handler.
    ///
    /// - Parameter inherited: listening sockets of this address that the process inherited.
    package func serveAdmin(on address: SocketAddress, version: String, inherited: [Int32] = []) throws(SystemError) {
        let handle: Int32
        if let given = inherited.first { handle = given } else { handle = try Socket.listen(on: address) }
        for unused in inherited.dropFirst() { Socket.close(unused) }
        let result = Mutex<SystemError?>(nil)
        let latch = Latch(1)
        control.post { [self] in
            do throws(SystemError) {
                let server = AdminServer(self, release: version)
                try server.listen(on: handle, address)
                state.withLock { $0.admin = server }
            } catch {
                result.withLock { $0 = error }
            }
            latch.countDown()
        }
        latch.wait()
        if let error = result.withLock({ $0 }) { throw error }
    }
}

/// The admin address of a gateway. Lives on the control loop as long as the process.
final class AdminServer: ExchangeObserver, @unchecked Sendable {
    let gateway: Gateway
    private let release: String
    private let pool: ExchangePool
    private(set) var server: HTTPServer?
    let scratch = ByteBuffer()
    private var random = FastRandom()

    init(_ gateway: Gateway, release: String) {
        self.gateway = gateway
        self.release = release
        pool = ExchangePool(loop: gateway.control)
    }

    func listen(on handle: Int32, _ address: SocketAddress) throws(SystemError) {
        let info = ListenerInfo(name: "admin", index: -1, port: address.port ?? 0, scheme: "http", trustedProxies: [])
        var settings = ServerSettings()
        settings.connections = 256
        // The server's handler keeps this object alive.
        let server = HTTPServer(loop: gateway.control, info: info, settings: settings, pool: pool) { [self] in self.handle($0) }
        try server.listen(on: handle, address: address)
        self.server = server
    }

    private func handle(_ exchange: Exchange) {
        exchange.observer = self
        exchange.requestID = RequestID(milliseconds: Instant.wallClock / 1_000_000, random: (random.next(), random.next()))
        if let error = exchange.error { return ErrorResponse.send(error, on: exchange, scratch: scratch) }
        let page: AdminPage
        do throws(GatewayError) {
            page = try AdminPage(path: exchange.request.path.string, gateway.policies)
        } catch {
            return ErrorResponse.send(error, on: exchange, scratch: scratch)
        }
        if case .ban(let network) = page { return endBan(network, exchange) }
        guard page.methods.contains(exchange.request.method) else {
            return ErrorResponse.send(GatewayError(.methodNotAllowed), allow: page.methods, on: exchange, scratch: scratch)
        }
        serve(page, exchange)
    }

    private func endBan(_ network: CIDR, _ exchange: Exchange) {
        guard exchange.request.method == .delete else {
            return ErrorResponse.send(GatewayError(.methodNotAllowed), allow: HTTPMethodSet(.delete), on: exchange, scratch: scratch)
        }
        guard gateway.pardon(network) else {
            return ErrorResponse.send(
                GatewayError(.routeNotFound, .gateway, "There is no ban of exactly this address or prefix."), on: exchange, scratch: scratch)
        }
        exchange.response.status = 204
        exchange.reply(body: ByteView())
    }

    private func serve(_ page: AdminPage, _ exchange: Exchange) {
        var status = gateway.status(release: release)
        switch page {
        case .healthz: reply(exchange, 200, "text/plain; charset=utf-8", Array("ok\n".utf8))
        case .readyz:
            let text = status.isReady ? "ready\n" : status.isDraining ? "draining\n" : "starting\n"
            reply(exchange, status.isReady ? 200 : 503, "text/plain; charset=utf-8", Array(text.utf8))
        case .metrics:
            guard gateway.snapshot.configuration.telemetry.metrics.prometheus else {
                return ErrorResponse.send(
                    GatewayError(.routeNotFound, .gateway, "telemetry.metrics.prometheus is off."), on: exchange, scratch: scratch)
            }
            status.guards = gateway.guardStatus
            let format = MetricsFormat(accept: exchange.request.fields[.accept]?.string ?? "")
            answer(exchange) { [gateway, status] reports, snapshot in
                ("\(format.contentType)", MetricsPage.render(reports, snapshot, status, gateway.events, format))
            }
        case .status:
            status.guards = gateway.guardStatus
            answer(exchange) { [status] reports, snapshot in
                ("application/json", Array(StatusPage.render(reports, snapshot, status).utf8))
            }
        case .guards:
            let guards = gateway.guardStatus
            answer(exchange) { reports, _ in ("application/json", Array(GuardPage.render(guards, reports).utf8)) }
        case .ban: break
        case .certificates:
            reply(exchange, 200, "application/json", Array(CertificatePage.render(status.certificates, leads: status.leads).utf8))
        case .limits: limits(exchange)
        case .counters: counters(exchange)
        case .policies:
            let list: JSONValue = ["policies": gateway.policies.list]
            reply(exchange, 200, "application/json", Array(list.text(pretty: true).utf8))
        case .policy(let policy): reply(exchange, 200, "application/schema+json", Array(policy.jsonSchema.text(pretty: true).utf8))
        }
    }

    /// Answers when every loop has reported; the client may have left by then.
    private func answer(_ exchange: Exchange, _ render: @escaping @Sendable ([WorkerReport], Snapshot) -> (type: String, body: [UInt8])) {
        let pending = PendingAnswer(exchange)
        exchange.upstream = pending
        gateway.collect { [gateway] reports in
            guard let exchange = pending.take() else { return }
            let (type, body) = render(reports, gateway.snapshot)
            AdminServer.send(exchange, 200, type, body)
        }
    }

    private func reply(_ exchange: Exchange, _ status: Int, _ type: String, _ body: [UInt8]) {
        AdminServer.send(exchange, status, type, body)
    }

    static func send(_ exchange: Exchange, _ status: Int, _ type: String, _ body: [UInt8]) {
        exchange.response.status = status
        exchange.response.framing = .length(body.count)
        exchange.response.fields.append("content-type", type)
        exchange.response.fields.append("cache-control", "no-store")
        body.withView { exchange.reply(body: $0) }
    }

    func upstreamAnswered(_ exchange: Exchange) -> Bool { true }
    func upstreamFailed(_ exchange: Exchange, _ error: GatewayError) {
        ErrorResponse.send(error, on: exchange, scratch: scratch)
    }
    func finished(_ exchange: Exchange) {}
}

/// An answer that others are working on. Confined to the control loop.
final class PendingAnswer: GatewayCore.Upstream, @unchecked Sendable {
    private var exchange: Exchange?

    init(_ exchange: Exchange) { self.exchange = exchange }

    /// The exchange, unless its client has left.
    func take() -> Exchange? {
        let taken = exchange
        exchange = nil
        taken?.upstream = nil
        return taken
    }

    func requestBody(_ bytes: ByteView) -> Bool { true }
    func requestEnd(trailers: HeaderFields?) {}
    func requestFlush() {}
    func cancel(_ error: GatewayError) { exchange = nil }
    func downstreamWritable() {}
}
