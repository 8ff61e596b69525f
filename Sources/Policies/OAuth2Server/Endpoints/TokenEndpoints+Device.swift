import Identity
import Primitives

/// The page where people connect their devices (RFC 8628 §3.3).
extension TokenEndpoints {
    func device(_ request: ServerRequest) async throws(OAuthError) -> ServerReply {
        if request.method == .post, request.form?["action"] == "login" { return try await login(request, client: nil) }
        guard let session = session(request), let user = server.user(subject: session.subject) else {
            return try loginPage(request, client: nil, username: "")
        }
        guard request.method == .post else {
            return try codePage(request, session, code: request.queryFields?["user_code"] ?? "")
        }
        guard forms.accepts(request, for: purpose(request, session)) else { throw TokenEndpoints.strangeForm }
        let code = request.form?["user_code"] ?? "", now = request.now
        guard throttle.mayTry(session.subject, from: request) else {
            let problem = "There were too many attempts. Wait a few minutes, then try again."
            return try codePage(request, session, code: code, problem: problem, status: 429)
        }
        guard let device = try await decide({ (server) throws(OAuthError) in try server.device(userCode: code, now: now) }),
            let client = server.client(device.client)
        else {
            // Each wrong code counts, so that codes can't be guessed.
            throttle.hasFailed(session.subject, from: request)
            return try codePage(request, session, code: code, problem: "There is no device with this code, or it has expired.")
        }
        guard request.form?["action"] == "decide" else {
            return try form(request, for: purpose(request, session)) { form in
                pages.deviceConsent(form, code: device.userCode, client: client.name, username: user.username, scopes: device.scopes)
            }
        }
        let isAllowed = request.form?["decision"] == "allow"
        let subject = GrantSubject(client: client.id, user: user.subject, scopes: device.scopes, authTime: session.authTime)
        let isDecided = try await decide { (server) throws(OAuthError) in
            try server.decideDevice(userCode: code, isAllowed ? subject : nil, now: now)
        }
        guard isDecided else { return .page(pages.message("Too late", "The code has expired. Begin again on your device.")) }
        return .page(
            isAllowed
                ? pages.message("Device connected", "You can go back to your device now.")
                : pages.message("Refused", "The device was not connected."))
    }

    private func codePage(
        _ request: ServerRequest, _ session: LoginSession, code: String, problem: String? = nil, status: Int = 200
    ) throws(OAuthError) -> ServerReply {
        try form(request, for: purpose(request, session), status: status) { pages.deviceCode($0, code: code, problem: problem) }
    }
}
