internal import Primitives

extension ACMEClient {
    /// Finds the account of the key, or makes it (RFC 8555 §7.3). Answers its URL.
    func openAccount() async throws(ACMEError) -> String {
        if let account { return account }
        let directory = try await directory()
        if let terms = directory.termsOfService, !settings.termsAgreed {
            throw .local("the authority has terms of service, \(terms): read them, and set `termsAgreed: true` to agree")
        }
        if directory.needsExternalAccount, settings.externalAccount == nil {
            throw .local("the authority wants an account that it knows: set `externalAccount` to the key id and MAC key that it gave you")
        }
        var request: JSONObject = ["termsOfServiceAgreed": .bool(settings.termsAgreed)]
        if !settings.contact.isEmpty { request["contact"] = .array(settings.contact.map { .string($0) }) }
        let jwk: JSON
        do throws(CryptoFailure) {
            jwk = try key.jwk()
            if let external = settings.externalAccount {
                request["externalAccountBinding"] = try JWS.bind(jwk, to: external, url: directory.newAccount)
            }
        } catch {
            throw ACMEError(error)
        }
        let response = try await post(directory.newAccount, .object(request), by: .key(jwk))
        guard let url = response["location"] else { throw .malformed("an account has no Location") }
        account = url
        return url
    }

    /// Tells the server whom it may write to now (RFC 8555 §7.3.2).
    func updateContact() async throws(ACMEError) {
        let account = try await openAccount()
        _ = try await post(account, ["contact": .array(settings.contact.map { .string($0) })])
    }

    /// A request for the account. One that the server does not know any more is made again, once.
    func post(_ url: String, _ payload: JSON?, accept: String? = nil) async throws(ACMEError) -> ACMEResponse {
        let account = try await openAccount()
        do throws(ACMEError) {
            return try await post(url, payload, by: .account(account), accept: accept)
        } catch .problem(let problem) where problem.kind == "accountDoesNotExist" {
            self.account = nil
            return try await post(url, payload, by: .account(try await openAccount()), accept: accept)
        }
    }
}
