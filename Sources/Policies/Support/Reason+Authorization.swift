import GatewayCore
import PolicyKit
import Primitives

/// What policies that decide whether a known caller may do something answer with. Why, only the access log learns.
extension Reason {
    static let accessDenied = Reason("access_denied", 403, "Access is denied")
    static let insufficientScope = Reason("insufficient_scope", 403, "The credential does not allow this")
    /// The service that decides does not answer, or answers with nothing that decides.
    static let authorizationUnavailable = Reason("authorization_unavailable", 503, "Access can't be decided at the moment")
}

extension Exchange {
    /// Refuses access; `why` goes to the access log alone, as `authorization`.
    func denyAccess(_ why: String) -> Verdict {
        noteAuthorization(why)
        return .refuse(.accessDenied, "This request is not allowed.")
    }

    /// What a service that did not decide costs the request.
    func decide(_ failure: GatewayError, _ mode: OnFailure) -> Verdict {
        noteAuthorization(failure.detail)
        switch mode {
        case .allow: return .proceed
        case .refuse: return .refuse(GatewayError(.authorizationUnavailable, .gateway, "Access can't be decided at the moment; try again shortly."))
        }
    }

    func noteAuthorization(_ text: String) { text.withView { log(.text, ByteView("authorization"), $0) } }
}
