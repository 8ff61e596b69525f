package import GatewayCore
package import Model
package import PolicyKit
package import Primitives
package import Schema

/// Changes the path, the method and the host that are sent upstream. Routes, policies and the access log go on seeing what the client sent.
package final class Rewrite: Policy, RequestPolicy {
    package struct Config: Settings {
        @Setting(
            "The path that is forwarded: a template. What was matched in the client's path is inserted as it stands there; what variables and expressions give is percent-encoded, slashes too."
        )
        package var path: TemplateText?

        @Setting(
            "Looked for anywhere in the path, unless `^` and `$` tie it to the ends; what the first match covers is replaced by `to`, the rest stays. A path without a match stays as it is."
        )
        package var regex: String?

        @Setting("What takes the place of the match of `regex`: a template, with `$1` for its first group.")
        package var to: TemplateText?

        @Setting("Removed from the beginning of the path, where it is one or more whole segments: `/v1`.")
        package var stripPrefix: String?

        @Setting("Put before the path, after `stripPrefix`: `/api`.")
        package var addPrefix: String?

        @Setting("The method that is forwarded.")
        package var method: HTTPMethod?

        @Setting("The `Host` that is forwarded, whatever `hostHeader` says: a template.")
        package var host: TemplateText?

        package static var about: String { "Changes the path, the method and the host that are sent upstream." }
        package init() {}
    }

    package static let id = "rewrite"
    package static let example = """
        rewrite: { stripPrefix: /v1, addPrefix: /api }
        """
    package static let reasons: [Reason] = [.badTarget, .badHost]
    private let path: PathRewrite?
    private let method: HTTPMethod?
    private let host: HostRewrite?

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        path = try PathRewrite(config, context)
        method = config.method
        host = try HostRewrite(config, context)
        if method == .connect {
            throw PolicyError("CONNECT opens a tunnel, which this gateway does not", at: config.$method.position, path: "method")
        }
        if path == nil, method == nil, host == nil {
            throw PolicyError(
                "there is nothing to rewrite", remedy: "give `path`, `regex` and `to`, `stripPrefix`, `addPrefix`, `method` or `host`")
        }
    }

    package func phases(on route: RouteFacts) -> PolicyPhases { route.forwards ? .request : [] }

    package func onRequest(_ exchange: Exchange) -> Verdict {
        if let path, !path.apply(exchange) {
            return .refuse(.badTarget, "The path that this request is rewritten to is malformed.")
        }
        if let host, !host.apply(exchange) {
            return .refuse(.badHost, "The host that this request is rewritten to is malformed.")
        }
        if let method { exchange.request.rewrittenMethod = method }
        return .proceed
    }
}
