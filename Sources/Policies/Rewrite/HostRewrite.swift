import GatewayCore
import Model
import PolicyKit
import Primitives
import Schema

/// The `Host` that goes upstream.
struct HostRewrite: Sendable {
    private let host: PolicyTemplate

    /// Nil when the settings do not ask for one.
    init?(_ config: Rewrite.Config, _ context: PolicyContext) throws(PolicyError) {
        guard let text = config.host else { return nil }
        host = try context.compile(text, "host")
        if let constant = host.constant, constant.withView({ Authority.hostLength($0) }) == nil {
            throw PolicyError("`\(text.text)` is no host, or host and port", at: config.$host.position, path: "host")
        }
    }

    /// False: what came out is no host.
    func apply(_ exchange: Exchange) -> Bool {
        let out = exchange.tools.scratch
        out.clear()
        host.render(exchange, to: out)
        guard Authority.hostLength(out.view) != nil else { return false }
        exchange.request.rewrittenHostSpan = exchange.request.store { $0.append(out.view) }
        return true
    }
}
