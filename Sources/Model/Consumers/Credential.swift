package import Schema

/// One credential, of exactly one kind; a consumer may have several of a kind, so that they can be replaced one after the other.
package struct Credential: Settings {
    @Setting("A key of the policy `api-key`. It is kept as its hash alone; `apiKeyHash` keeps it out of the file, too.")
    package var apiKey: SecretText?

    @Setting("SHA-256 of a key: `sha256:` and 64 hexadecimal digits, as `sluice keys create` and `sluice keys hash` print it.")
    package var apiKeyHash: SHA256Text?

    @Setting("User name and password of HTTP basic authentication.")
    package var basic: BasicCredential?

    @Setting("A claim of verified tokens.")
    package var jwtClaim: JWTClaimCredential?

    @Setting("A client certificate that the listener has verified.")
    package var certificate: CertificateCredential?

    @Setting("A secret that requests are signed with.")
    package var hmac: HMACCredential?

    @Setting("What logs call the credential. Left out: the beginning of its hash for a key, and what it is looked up by for the others.")
    package var name: String?

    @Setting("Plans of who calls with this credential. Left out: those of the application, or else of the consumer.")
    package var plans: [String]?

    @Setting("From then on it is refused: a moment, or the end of a day.")
    package var expires: Moment?

    @Setting("`false` refuses it.")
    package var enabled: Bool = true

    package var origin = Origin()
    package init() {}
}

package struct BasicCredential: Settings {
    @Setting("User name, without colon.")
    package var username: String

    @Setting("Hash of the password: bcrypt (`$2b$…`), argon2id (`$argon2id$…`), scrypt (`$scrypt$…`, `$7$…`).")
    package var passwordHash: String

    package init() {}
}

/// The tokens of which issuer, and which of their claims, belong to a consumer.
package struct JWTClaimCredential: Settings {
    @Setting("Name of the claim, as in `consumerClaim` of the policy that verifies the token.")
    package var name: String = "sub"

    @Setting("Its value.")
    package var value: String

    @Setting("Who must have issued the token: its `iss`. Left out: any issuer that the policy trusts.")
    package var issuer: String?

    package init() {}
}

/// What a certificate must say: exactly one of these.
package struct CertificateCredential: Settings {
    @Setting("The whole subject, as RFC 4514 writes it: `CN=mobile,O=Example`.")
    package var subject: String?

    @Setting("One of the alternative names: a DNS name, an e-mail address, an IP address or a URI.")
    package var san: String?

    @Setting("The SPIFFE ID: `spiffe://example.org/mobile`.")
    package var spiffe: String?

    @Setting("SHA-256 of the certificate in DER: `sha256:…`, as `openssl x509 -fingerprint -sha256` prints its digits.")
    package var fingerprint: SHA256Text?

    package var origin = Origin()
    package init() {}
}

package struct HMACCredential: Settings {
    @Setting("Names the secret in requests.")
    package var keyId: String

    @Setting("The secret.")
    package var secret: SecretText

    package init() {}
}
