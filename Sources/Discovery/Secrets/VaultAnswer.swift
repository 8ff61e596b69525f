import GatewayCore
import Primitives
import Reactor

/// What Vault's answers mean (https://developer.hashicorp.com/vault/api-docs).
enum VaultAnswer {
    /// Of a login or a renewal: `auth`.
    static func token(_ response: FetchResponse, now: Instant) -> VaultToken? {
        guard response.status == 200, let auth = response.json?["auth"], let text = auth["client_token"]?.string, !text.isEmpty else { return nil }
        return VaultToken(text, seconds: auth["lease_duration"]?.int ?? 0, isRenewable: auth["renewable"]?.bool ?? false, now: now)
    }

    /// Of `lookup-self`, which tells how long a token that was given lives.
    static func token(_ text: String, lookup response: FetchResponse, now: Instant) -> VaultToken? {
        guard response.status == 200, let data = response.json?["data"] else { return nil }
        return VaultToken(text, seconds: data["ttl"]?.int ?? 0, isRenewable: data["renewable"]?.bool ?? false, now: now)
    }

    /// Of a secret with versions.
    static func versioned(_ response: FetchResponse, _ what: String) -> Result<SecretPayload, SecretFailure> {
        guard let data = response.json?["data"], let values = data["data"]?.object else {
            return .failure(malformed(what))
        }
        return .success(SecretPayload(fields: SecretPayload.fields(of: values)))
    }

    /// Of a secret without versions, with its lease if it has one.
    static func plain(_ response: FetchResponse, _ what: String, now: Instant) -> Result<SecretPayload, SecretFailure> {
        guard let json = response.json, let values = json["data"]?.object else { return .failure(malformed(what)) }
        var payload = SecretPayload(fields: SecretPayload.fields(of: values))
        payload.lease = lease(json, now: now)
        return .success(payload)
    }

    /// Nil without a lease, as values of the key-value engine come.
    static func lease(_ json: JSON, now: Instant) -> SecretLease? {
        guard let id = json["lease_id"]?.string, !id.isEmpty, let seconds = json["lease_duration"]?.int, seconds > 0 else { return nil }
        return SecretLease(id: id, isRenewable: json["renewable"]?.bool ?? false, seconds: seconds, now: now)
    }

    /// Why there is no secret; nil when there is one.
    static func failure(_ response: FetchResponse, _ what: String, _ source: String) -> SecretFailure? {
        switch response.status {
        case 200: return nil
        case 404 where isDeleted(response):
            return .missing("the current version of \(what) is deleted", remedy: "undelete it, or write it anew")
        case 404:
            let hint = warnings(response).first { $0.contains("versioned") || $0.contains("Invalid path") }
            return .missing(
                "\(source) has no \(what)",
                remedy: hint == nil ? "check the path, and `mount` of the source" : "the engine is of another version: set `engine` of the source")
        case 403: return .unavailable("\(source) does not let the gateway read \(what)", remedy: "its policy must allow `read` on it")
        case 400:
            return .missing(
                "\(source) refuses to read \(what)\(errors(response))", remedy: "check the path, and `mount` and `namespace` of the source")
        default: return trouble(response, source)
        }
    }

    /// Vault itself is not well.
    static func trouble(_ response: FetchResponse, _ source: String) -> SecretFailure {
        .unavailable("\(source) answers \(response.status)\(errors(response))", remedy: "see the state of Vault: `vault status`")
    }

    /// A version that was deleted has metadata and no data.
    private static func isDeleted(_ response: FetchResponse) -> Bool {
        guard let data = response.json?["data"] else { return false }
        return data["data"]?.isNull ?? false && data["metadata"] != nil
    }

    private static func warnings(_ response: FetchResponse) -> [String] { response.json?["warnings"]?.strings ?? [] }

    /// What Vault says of an error, in one line and not for ever.
    static func errors(_ response: FetchResponse) -> String {
        let texts = response.json?["errors"]?.strings ?? []
        let line = texts.joined(separator: "; ").split(whereSeparator: { $0.isWhitespace || $0 == "*" }).joined(separator: " ")
        return line.isEmpty ? "" : ": \(line.prefix(200))"
    }

    private static func malformed(_ what: String) -> SecretFailure {
        .unavailable("the answer to \(what) is not Vault's", remedy: "check `address` and `engine` of the source")
    }
}
