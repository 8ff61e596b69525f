package import GatewayCore
package import Identity
package import Model
package import PolicyKit
package import Schema

extension SignatureAlgorithm: SettingChoice {}
extension KeyManagement: SettingChoice {}

/// Who issues tokens, what they must say for this gateway, and where the keys are.
package struct TokenIssuerSettings: Settings {
    @Setting("What `iss` of its tokens says.")
    package var issuer: String

    @Setting("What `aud` has to name; one of several is enough. Left out: that of the policy.")
    package var audience: TextList?

    @Setting("URL of its key set.")
    package var jwksUrl: CalloutURL?

    @Setting("Takes the URL of the key set from the issuer's own description: OpenID Connect discovery.")
    package var discovery: Bool = false

    @Setting("File with its key set.")
    package var jwksFile: ConfigurationFile?

    @Setting("Its public key or certificate, as PEM.")
    package var pem: SecretText?

    @Setting("Its keys, one by one.")
    package var keys: [TokenKeySettings] = []

    @Setting("Algorithms that its keys may be used with. Left out: those of the policy.")
    package var algorithms: [SignatureAlgorithm]?

    package var origin = Origin()
    package init() {}
}

/// A key that is written down: a secret, or a public key.
package struct TokenKeySettings: Settings {
    @Setting("What `kid` of the tokens says that are signed with it. Left out: it is tried for all.")
    package var kid: String?

    @Setting("The algorithm that it is for. Left out: all that its type knows.")
    package var algorithm: SignatureAlgorithm?

    @Setting("Secret of HS256, HS384, HS512: the text itself, of 32, 48 or 64 bytes at least.")
    package var secret: SecretText?

    @Setting("The same as base64url.")
    package var secretBase64: SecretText?

    @Setting("Public key or certificate, as PEM.")
    package var pem: SecretText?

    package var origin = Origin()
    package init() {}
}

/// A key that opens encrypted tokens.
package struct TokenDecryptionKeySettings: Settings {
    @Setting("What `kid` of the tokens says that are encrypted for it. Left out: it is tried for all.")
    package var kid: String?

    @Setting("The algorithm that it is for. Left out: all that its type and length know.")
    package var algorithm: KeyManagement?

    @Setting("Secret of A128KW and its like, and of `dir`, as base64url: as long as the algorithm has it.")
    package var secretBase64: SecretText?

    @Setting("Private key, as PEM.")
    package var pem: SecretText?

    package var origin = Origin()
    package init() {}
}

/// Where it is said which tokens count no more.
package struct RevocationSettings: Settings {
    @Setting("File with the list: `{ \"jti\": […], \"sub\": […] }`.")
    package var file: ConfigurationFile?

    @Setting("URL of the list.")
    package var url: CalloutURL?

    @Setting("How often it is read again.", .seconds(1) ... .seconds(86_400))
    package var refresh: Duration = .seconds(30)

    package var origin = Origin()
    package init() {}
}

extension JWT {
    package struct Config: Settings {
        @Setting("What `iss` of tokens says. With several issuers: `issuers`.")
        package var issuer: String?

        @Setting("What `aud` of tokens has to name; one of several is enough. Left out: it is not looked at.")
        package var audience: TextList = []

        @Setting(
            "URL of the issuer's key set (JWKS). It is kept, refreshed in the background, and read again when a token names a key that it doesn't have."
        )
        package var jwksUrl: CalloutURL?

        @Setting("Takes the URL of the key set from the issuer's own description: OpenID Connect discovery below `issuer`.")
        package var discovery: Bool = false

        @Setting("File with the issuer's key set.")
        package var jwksFile: ConfigurationFile?

        @Setting("The issuer's public key or certificate, as PEM: `${file:issuer.pem}`.")
        package var pem: SecretText?

        @Setting("The issuer's keys, one by one.")
        package var keys: [TokenKeySettings] = []

        @Setting("Several issuers, each with its own keys.")
        package var issuers: [TokenIssuerSettings] = []

        @Setting("Algorithms that keys may be used with. Left out: those that fit the key.")
        package var algorithms: [SignatureAlgorithm]?

        @Setting("Where requests carry the token. Left out: `Authorization: Bearer …`.")
        package var from: TokenPlaceSettings?

        @Setting("Lets requests without a token pass, as nobody's. Wrong tokens are refused all the same.")
        package var optional: Bool = false

        @Setting("Takes the token away before the request goes on. `false` forwards it.")
        package var hideCredentials: Bool = true

        @Setting(
            "Whether a token must belong to its sender: `certificate` (RFC 8705), `dpop` (RFC 9449), `any` of them; `when-bound`: where it says so; `none`: it is not looked at."
        )
        package var senderConstraint: SenderConstraintMode = .whenBound

        @Setting("Proofs of possession (DPoP).")
        package var dpop: DPoPSettings = DPoPSettings()

        @Setting("Claim that names the consumer, as the consumer's credential `jwtClaim` has it.")
        package var consumerClaim: String?

        @Setting("Refuses tokens that belong to no consumer.")
        package var requireConsumer: Bool = false

        @Setting(
            "Header to claim: tells the upstream what the token says. `realm_access.roles` leads into objects. What the client has put there is removed."
        )
        package var claimsToHeaders: OrderedMap<String> = [:]

        @Setting("Claims that must be there.")
        package var requiredClaims: [String] = []

        @Setting("Claim to the value, or one of the values, that it must have; a list must hold one of them.")
        package var claimValues: OrderedMap<TextList> = [:]

        @Setting("Scopes that `scope` or `scp` must hold, all of them; otherwise the answer is 403.")
        package var requiredScopes: [String] = []

        @Setting("What `typ` may say; `\"\"` stands for none. `[at+jwt]` takes access tokens of RFC 9068 alone.")
        package var types: [String] = ["JWT", "at+jwt", ""]

        @Setting("By how much clocks may differ.", .zero ... .seconds(600))
        package var clockSkew: Duration = .zero

        @Setting("Tokens without `exp` are refused.")
        package var requireExpiry: Bool = true

        @Setting("Tokens that were issued (`iat`) longer ago are refused, whatever `exp` says.", .seconds(1) ... .seconds(31_536_000))
        package var maximumAge: Duration?

        @Setting("Longer tokens are refused.", .bytes(256) ... .kibibytes(64))
        package var maximumSize: ByteSize = .kibibytes(16)

        @Setting("Keys that open encrypted tokens; without any they are refused.")
        package var decryptionKeys: [TokenDecryptionKeySettings] = []

        @Setting("Tokens and subjects that count no more.")
        package var revocation: RevocationSettings?

        @Setting("How old a key set may get before it is read again in the background.", .seconds(10) ... .seconds(86_400))
        package var refresh: Duration = .seconds(600)

        @Setting("How often a key set is read at most because a token names a key that it doesn't have.", .seconds(1) ... .seconds(86_400))
        package var refetch: Duration = .seconds(300)

        @Setting("How long to wait for a key set.", .milliseconds(100) ... .seconds(30))
        package var timeout: Duration = .seconds(5)

        @Setting("TLS with the servers of key sets.")
        package var tls: CalloutTLSSettings?

        @Setting("Verified tokens that each event loop remembers until they expire. 0: every token is verified each time.", 0...1_048_576)
        package var cache: Int = 4096

        @Setting("The `realm` of the challenge.")
        package var realm: String = "API"

        package static var about: String { "Lets in who brings a valid JSON Web Token: a bearer token of an OAuth 2 or OpenID Connect issuer." }
        package init() {}
    }
}
