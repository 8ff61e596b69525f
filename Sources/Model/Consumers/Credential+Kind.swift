import Schema

extension Credential {
    /// What a credential is, beside its name and its time.
    package enum Kind {
        case apiKey(String)
        case apiKeyHash(words: (UInt64, UInt64, UInt64, UInt64))
        case basic(BasicCredential)
        case jwtClaim(JWTClaimCredential)
        case certificate(CertificateCredential)
        case hmac(HMACCredential)
    }

    /// Nil for what lint refuses: none, or several.
    package var kind: Kind? {
        guard kinds.count == 1 else { return nil }
        if let apiKey { return .apiKey(apiKey.text) }
        if let apiKeyHash { return .apiKeyHash(words: apiKeyHash.words) }
        if let basic { return .basic(basic) }
        if let jwtClaim { return .jwtClaim(jwtClaim) }
        if let certificate { return .certificate(certificate) }
        return hmac.map { .hmac($0) }
    }

    /// The keys that are given of those that say what the credential is.
    var kinds: [String] {
        var names: [String] = []
        if apiKey != nil { names.append("apiKey") }
        if apiKeyHash != nil { names.append("apiKeyHash") }
        if basic != nil { names.append("basic") }
        if jwtClaim != nil { names.append("jwtClaim") }
        if certificate != nil { names.append("certificate") }
        if hmac != nil { names.append("hmac") }
        return names
    }
}
