import GatewayCore

/// What all policies that authenticate answer with. The answer is the same whatever is wrong with credentials: nobody learns from it
/// whether a key, a user or a route exists.
extension Reason {
    static let credentialsMissing = Reason("credentials_missing", 401, "Authentication is required")
    static let credentialsInvalid = Reason("credentials_invalid", 401, "The credentials are not accepted")
    static let authenticationBusy = Reason("authentication_busy", 503, "Too many credentials are being verified")
    /// Consumers are kept somewhere that does not answer.
    static let identityUnavailable = Reason("identity_unavailable", 503, "Credentials can't be checked at the moment")
}
