package import GatewayCore
package import Model
package import PolicyKit
import Primitives
package import Schema

/// Sends the client to another URL: to HTTPS, to another host, to wherever a template says.
package final class Redirect: Policy, RequestPolicy {
    package struct Config: Settings {
        @Setting(
            "Where to: a template that begins with a path or with a scheme, such as `/v2/{id}` or `https://{request.host}/new{request.path}`. What comes from the request is percent-encoded for the place where it lands."
        )
        package var to: TemplateText?

        @Setting(
            "In place of `to`: the same URL by another scheme. Requests that have it go on; behind a trusted proxy, `X-Forwarded-Proto` says what the client uses."
        )
        package var scheme: Scheme?

        @Setting("In place of `to`: the same URL on another host, such as `www.example.com`. Requests that ask for it go on.")
        package var host: String?

        @Setting("Port, with `scheme` or `host`. Left out: the scheme's own, or the client's where the scheme stays.", 1...65535)
        package var port: Int?

        @Setting("Whether the request's query is kept by a `to` that has none.")
        package var keepQuery: Bool = true

        @Setting("Status code.")
        package var status: RedirectStatus = .permanentRedirect

        package static var about: String { "Sends the client to another URL, such as from HTTP to HTTPS." }
        package init() {}
    }

    package enum Scheme: String, SettingChoice {
        case http, https
    }

    private enum Target: Sendable {
        case template(LocationTemplate, keepsQuery: Bool)
        case origin(OtherOrigin)
    }

    package static let id = "redirect"
    package static let example = """
        redirect: { scheme: https }
        """
    package static let reasons: [Reason] = [.badHost]

    private let target: Target
    private let status: Int

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        status = config.status.code
        let hasOrigin = config.scheme != nil || config.host != nil
        if let to = config.to {
            guard !hasOrigin, config.port == nil else {
                throw PolicyError("`to` is the whole URL: `scheme`, `host` and `port` have no place beside it", at: config.$to.position, path: "to")
            }
            target = .template(try LocationTemplate(to, context), keepsQuery: config.keepQuery)
        } else {
            guard hasOrigin else {
                throw PolicyError("the redirect leads nowhere", remedy: "give `to`, `scheme` or `host`, such as `scheme: https`")
            }
            target = .origin(try OtherOrigin(config))
        }
    }

    package func onRequest(_ exchange: Exchange) -> Verdict {
        let location = exchange.tools.scratch
        location.clear()
        switch target {
        case .template(let template, let keepsQuery): template.write(exchange, keepsQuery: keepsQuery, to: location)
        case .origin(let origin):
            guard !origin.isThere(exchange) else { return .proceed }
            guard origin.write(exchange, to: location) else {
                return .refuse(.badHost, "The request names no host, so it can't be redirected.")
            }
        }
        exchange.response.status = status
        exchange.response.fields.set(.location, location.view)
        _ = exchange.takeReplyBody()
        return .reply
    }
}
