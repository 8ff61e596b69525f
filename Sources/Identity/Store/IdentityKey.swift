/// What kinds of credentials there are to look up. The numbers are those of databases.
package enum CredentialKind: UInt8, Sendable, CaseIterable {
    case apiKey = 1
    /// By user name.
    case basic = 2
    /// By the name and value of a claim, and by issuer.
    case jwtClaim = 3
    /// By subject, alternative name, SPIFFE ID or fingerprint.
    case certificate = 4
    /// By key id.
    case hmac = 5
}

/// What a credential is looked up by, as a hash: of an API key the SHA-256 of the key itself, of the others one over what names them.
/// So every store has keys of one size, and none holds an API key.
package struct IdentityKey: Hashable, Sendable {
    package let kind: CredentialKind
    package let digest: CredentialKey

    package init(_ kind: CredentialKind, digest: CredentialKey) {
        self.kind = kind
        self.digest = digest
    }
}

extension IdentityKey {
    /// What a certificate can be known by.
    package enum CertificateForm: UInt8, Sendable { case subject, san, spiffe, fingerprint }

    /// 32 bytes, as databases keep them.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        for word in [digest.words.0, digest.words.1, digest.words.2, digest.words.3] {
            for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift))) }
        }
        return bytes
    }

    /// What logs call a credential that has no name of its own: the first 32 of 256 bits, which tell nobody what the others are.
    package var shown: String {
        let digits = String(digest.words.0 >> 32, radix: 16)
        return "sha256:" + String(repeating: "0", count: 8 - digits.count) + digits
    }
}

extension CredentialKey {
    /// From 32 bytes; nil from any other number.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        func word(_ place: Int) -> UInt64 { bytes[place..<place + 8].reduce(0) { $0 << 8 | UInt64($1) } }
        self.init(words: (word(0), word(8), word(16), word(24)))
    }
}
