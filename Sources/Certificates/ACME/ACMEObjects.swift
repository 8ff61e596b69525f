internal import Identity
internal import Primitives

/// Where an ACME server takes what (RFC 8555 §7.1.1).
struct ACMEDirectory: Equatable, Sendable {
    var newNonce: String
    var newAccount: String
    var newOrder: String
    /// RFC 9773.
    var renewalInfo: String?
    var termsOfService: String?
    var needsExternalAccount = false

    init(_ json: JSON) throws(ACMEError) {
        guard let nonce = json["newNonce"]?.string, let account = json["newAccount"]?.string, let order = json["newOrder"]?.string else {
            throw .malformed("the directory lacks newNonce, newAccount or newOrder: does `directory` name an ACME server?")
        }
        (newNonce, newAccount, newOrder) = (nonce, account, order)
        renewalInfo = json["renewalInfo"]?.string
        termsOfService = json["meta"]?["termsOfService"]?.string
        needsExternalAccount = json["meta"]?["externalAccountRequired"]?.bool ?? false
    }
}

/// RFC 8555 §7.1.3.
struct ACMEOrder: Equatable, Sendable {
    enum Status: String, Sendable { case pending, ready, processing, valid, invalid }

    var status: Status
    var authorizations: [String]
    var finalize: String
    var certificate: String?
    var problem: ACMEProblem?

    init(_ json: JSON) throws(ACMEError) {
        guard let status = json["status"]?.string.flatMap(Status.init), let finalize = json["finalize"]?.string,
            let authorizations = json["authorizations"]?.strings
        else { throw .malformed("an order lacks status, authorizations or finalize") }
        self.status = status
        self.authorizations = authorizations
        self.finalize = finalize
        certificate = json["certificate"]?.string
        problem = ACMEProblem(json["error"])
    }
}

/// RFC 8555 §7.1.4.
struct ACMEAuthorization: Equatable, Sendable {
    enum Status: String, Sendable { case pending, valid, invalid, deactivated, expired, revoked }

    /// Without the `*.` of a wildcard.
    var name: String
    var status: Status
    var challenges: [ACMEChallenge]

    init(_ json: JSON) throws(ACMEError) {
        guard let status = json["status"]?.string.flatMap(Status.init), let name = json["identifier"]?["value"]?.string,
            let challenges = json["challenges"]?.array
        else { throw .malformed("an authorization lacks status, identifier or challenges") }
        self.status = status
        self.name = name.lowercased()
        self.challenges = challenges.compactMap { ACMEChallenge($0) }
    }

    /// What the authority says about the challenge that failed.
    var problem: ACMEProblem { challenges.lazy.compactMap(\.problem).first ?? ACMEProblem(kind: "unauthorized", detail: "no reason is given") }
}

/// RFC 8555 §7.1.5.
struct ACMEChallenge: Equatable, Sendable {
    var type: String
    var url: String
    var token: String
    var problem: ACMEProblem?

    /// Nil for a challenge without token, or with one that is none: it becomes the name of a file.
    init?(_ json: JSON) {
        guard let type = json["type"]?.string, let url = json["url"]?.string, let token = json["token"]?.string,
            Base64URL.isToken(token)
        else { return nil }
        self.type = type
        self.url = url
        self.token = token
        problem = ACMEProblem(json["error"])
    }
}
