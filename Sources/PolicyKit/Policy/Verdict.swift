package import GatewayCore

/// What becomes of an exchange when a policy has seen it.
package enum Verdict {
    /// It goes on.
    case proceed
    /// It is answered with `exchange.response` and the body in `exchange.takeReplyBody()`, as the policy has filled them.
    case reply
    /// It is answered with the error. Fields that the policy has put into `exchange.response.fields` go out with it.
    case refuse(GatewayError)
}

extension Verdict {
    /// Refuses on behalf of the gateway.
    package static func refuse(_ reason: Reason, _ detail: String = "") -> Verdict { .refuse(GatewayError(reason, .downstream, detail)) }
}
