package import Schema

/// A match and exactly one action.
package struct Route: Settings {
    @Setting("Name in logs, metrics and messages. Left out: the path.")
    package var name: String?

    @Setting("Which requests take this route.")
    package var match: RouteMatch

    @Setting("Overrules how specific a match is: higher wins.", -1_000_000...1_000_000)
    package var priority: Int = 0

    @Setting("Action: forward to this upstream.")
    package var upstream: String?

    @Setting("Action: forward to one of several upstreams, by weight.")
    package var split: [SplitTarget]?

    @Setting(
        "What decides the choice of `split`, so that it stays the same: an expression such as `source.ip`, `request.headers[\"x-user\"]` or `consumer.name`. Requests without the value share one. Left out: chance."
    )
    package var splitKey: ExpressionText?

    @Setting("Action: send the client elsewhere.")
    package var redirect: Redirect?

    @Setting("Action: answer without an upstream.")
    package var respond: Respond?

    @Setting("How the forwarded request differs.")
    package var rewrite: Rewrite?

    @Setting("Overrules the upstream's `hostHeader`.")
    package var hostHeader: HostHeader?

    @Setting("Overrules the API's `encodedSlashes`.")
    package var encodedSlashes: EncodedSlashes?

    @Setting("Protocols that clients may switch to with `Upgrade`. Overrules the API's `upgrade`.")
    package var upgrade: [String]?

    @Setting("Limits of WebSockets, and of tunnels of other protocols.")
    package var websocket: WebSocketSettings = WebSocketSettings()

    @Setting("Which requests are refused first when the gateway is overloaded. Overrules the API's `importance`.")
    package var importance: Importance?

    @Setting("Policies for this route.")
    package var policies: [PolicyEntry] = []

    package var origin = Origin()
    package static var reserved: [String] { ["mirror", "compose", "function", "when"] }
    package init() {}
}

extension Route {
    /// The name, or what identifies a route without one.
    package var label: String { name ?? match.path?.text ?? match.pathRegex ?? match.grpc?.path ?? "/" }

    /// What the route does; nil unless exactly one action is given, which `lint` reports.
    package var action: RouteAction? {
        var found: [RouteAction] = []
        if let upstream { found.append(.upstream(upstream)) }
        if let split { found.append(.split(split, key: splitKey)) }
        if let redirect { found.append(.redirect(redirect)) }
        if let respond { found.append(.respond(respond)) }
        return found.count == 1 ? found[0] : nil
    }
}

package enum RouteAction: Equatable, Sendable {
    case upstream(String)
    case split([SplitTarget], key: ExpressionText?)
    case redirect(Redirect)
    case respond(Respond)
}

extension Configuration {
    /// The first route of that label in an API of that name.
    package func route(_ label: String, of api: String) -> Route? {
        for candidate in apis where candidate.name == api {
            if let route = candidate.routes.first(where: { $0.label == label }) { return route }
        }
        return nil
    }
}
