package import GatewayCore
package import PolicyKit
import Primitives
package import Schema

/// Lets a request pass whose credential has the scopes that are needed (RFC 6749 §3.3).
package final class Scopes: Policy, RequestPolicy {
    package struct Config: Settings {
        @Setting("Scopes that the credential must have, all of them.")
        package var all: [String] = []

        @Setting("Scopes of which the credential must have one.")
        package var any: [String] = []

        @Setting("The `realm` of the challenge.")
        package var realm: String = "API"

        package static var about: String { "Lets requests pass whose token has the scopes that are needed." }
        package init() {}
    }

    package static let id = "scopes"
    package static let example = """
        scopes: { all: ["orders:write"] }
        """
    package static let reasons: [Reason] = [.credentialsMissing, .insufficientScope]
    package static var isGuard: Bool { true }

    private let all: [String]
    private let any: [String]
    private let challenges: BearerChallenges

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        try Challenge.check(realm: config.$realm)
        guard !config.all.isEmpty || !config.any.isEmpty else {
            throw PolicyError("no scope is needed, so everybody would pass", remedy: "name some as `all` or `any`")
        }
        for (setting, name) in [(config.$all, "all"), (config.$any, "any")] {
            for scope in setting.wrappedValue where !Scopes.isScope(scope) {
                throw PolicyError(
                    "`\(scope)` can't be a scope: those are made of visible characters without \" and \\", at: setting.position, path: name)
            }
        }
        all = config.all
        any = config.any
        challenges = BearerChallenges(realm: config.realm, scopes: config.all + config.any)
    }

    /// `scope-token` of RFC 6749 §3.3.
    static func isScope(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
    }

    package func onRequest(_ exchange: Exchange) -> Verdict {
        guard let principal = exchange.provenPrincipal else { return challenges.missing(exchange) }
        let granted = principal.scopes
        guard all.allSatisfy(granted.contains), any.isEmpty || any.contains(where: granted.contains) else {
            exchange.noteAuthorization("The credential's scopes are: \(granted.joined(separator: " "))")
            return challenges.insufficient(exchange)
        }
        return .proceed
    }
}
