package import GatewayCore
package import Model
package import PolicyKit
import Primitives
package import Schema

/// Demands of each request what the API's OpenAPI document says of its operation: which kind of credential, with which scopes
/// (`security`, OpenAPI 3 §4.8.30). Policies before this one have to find out who calls; this one only compares.
package final class OpenAPISecurity: Policy, RequestPolicy {
    package struct Config: Settings {
        @Setting("The document, in YAML or JSON: OpenAPI 3.0 or 3.1.")
        package var file: ConfigurationFile

        @Setting("What paths of requests begin with before those of the document. Left out: the path of the document's first server.")
        package var basePath: String?

        @Setting("What becomes of requests that the document does not describe.")
        package var unknown: OnUnknown = .refuse

        @Setting(
            """
            Name of a security scheme to the policies that check its credentials. Left out: those that the scheme's type says, `api-key` for \
            `apiKey`, `basic-auth` for `http` with `basic`, `mtls` for `mutualTLS`, and for all others `jwt`, `oauth2-introspection` and `oidc`.
            """)
        package var schemes: OrderedMap<[String]> = [:]

        @Setting("The `realm` of the challenge.")
        package var realm: String = "API"

        package static var about: String { "Demands of each request what the `security` of an OpenAPI document says of its operation." }
        package init() {}
    }

    package enum OnUnknown: String, SettingChoice {
        case refuse, allow
    }

    package static let id = "openapi-security"
    package static let example = """
        openapi-security: { file: orders.openapi.yml }
        """
    package static let reasons: [Reason] = [.credentialsMissing, .insufficientScope, .accessDenied]
    package static var isGuard: Bool { true }

    private let operations: OperationTable
    private let requirements: [SecurityRequirement]
    private let unknown: OnUnknown
    private let missing: Challenge
    /// By requirement.
    private let lacking: [BearerChallenges]

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        try Challenge.check(realm: config.$realm)
        let document = try OpenAPIDocument(config.file, at: config.$file.position)
        var methods: [String: [String]] = [:]
        for entry in config.schemes.entries {
            guard document.schemes[entry.key] != nil else {
                throw PolicyError("the document has no security scheme `\(entry.key)`", at: entry.position, path: "schemes.\(entry.key)")
            }
            methods[entry.key] = entry.value
        }
        var compiler = OperationCompiler(document, basePath: config.basePath ?? document.basePath, methods: methods)
        do throws(OpenAPIError) {
            try compiler.compile()
        } catch {
            throw PolicyError("\(config.file.name): \(error.text)", at: config.$file.position, path: "file")
        }
        if compiler.table.isEmpty { context.warn("the document describes no operation", at: config.$file.position, path: "file") }
        operations = compiler.table
        requirements = compiler.requirements
        unknown = config.unknown
        missing = Challenge(scheme: "Bearer", [("realm", config.realm)])
        lacking = compiler.requirements.map { BearerChallenges(realm: config.realm, scopes: $0.scopes) }
    }

    package func onRequest(_ exchange: Exchange) -> Verdict {
        guard let place = operations.find(exchange.request.path, exchange.request.methodName) else {
            return unknown == .allow ? .proceed : exchange.denyAccess("The OpenAPI document does not describe this operation.")
        }
        switch requirements[place].check(exchange.provenPrincipal, exchange.consumer) {
        case .met: return .proceed
        case .missing: return missing.refuse(.credentialsMissing, exchange, "This needs a credential.")
        case .otherKind:
            exchange.noteAuthorization("The OpenAPI document wants another kind of credential.")
            return missing.refuse(.credentialsMissing, exchange, "This needs a credential of another kind.")
        case .lacking:
            exchange.noteAuthorization("The OpenAPI document wants the scopes: \(requirements[place].scopes.joined(separator: " "))")
            return lacking[place].insufficient(exchange)
        }
    }
}
