import GatewayCore
import Primitives

/// What an operation demands: one of several alternatives.
struct SecurityRequirement: Equatable, Sendable {
    /// A credential of a scheme, with scopes; for schemes that know none, with roles.
    struct Demand: Equatable, Sendable {
        /// Policies that check such credentials; empty: those that check tokens.
        var methods: [String]
        var scopes: [String]
    }

    enum Outcome: Equatable {
        case met
        /// Nobody has called.
        case missing
        /// Whoever called has proved it otherwise.
        case otherKind
        /// It is the right kind, and not enough.
        case lacking
    }

    /// One of them must be met, each of whose demands must be. An alternative without demands lets everybody pass, and so does a
    /// requirement without alternatives.
    var alternatives: [[Demand]]

    /// Scopes of the first alternative that has some, for the challenge.
    var scopes: [String] { alternatives.lazy.map { $0.flatMap(\.scopes) }.first { !$0.isEmpty } ?? [] }

    func check(_ principal: Principal?, _ consumer: Consumer?) -> Outcome {
        if alternatives.isEmpty || alternatives.contains(where: \.isEmpty) { return .met }
        guard let principal else { return .missing }
        var outcome = Outcome.otherKind
        for alternative in alternatives where alternative.allSatisfy({ $0.isOfKind(principal.method) }) {
            if alternative.allSatisfy({ $0.scopes.allSatisfy { principal.scopes.contains($0) || $0.isRole(of: consumer) } }) { return .met }
            outcome = .lacking
        }
        return outcome
    }
}

extension SecurityRequirement.Demand {
    /// Policies that check tokens.
    private static let tokens: Set<String> = ["jwt", "oauth2-introspection", "oidc"]

    func isOfKind(_ method: String) -> Bool { methods.isEmpty ? Self.tokens.contains(method) : methods.contains(method) }
}

extension String {
    /// OpenAPI 3.1: for schemes other than OAuth 2 and OpenID Connect the list holds roles.
    fileprivate func isRole(of consumer: Consumer?) -> Bool { consumer?.groups.contains(self) ?? false }
}
