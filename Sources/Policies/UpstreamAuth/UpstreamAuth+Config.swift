package import Model
import Primitives
package import Schema

extension UpstreamAuth {
    package struct Config: Settings {
        @Setting("A field with a fixed value, such as an API key.")
        package var header: HeaderCredential?

        @Setting("User name and password (RFC 7617).")
        package var basic: BasicCredential?

        @Setting("An access token that the gateway gets for itself (OAuth 2.0 client credentials, RFC 6749 §4.4).")
        package var oauth2: ClientCredentials?

        @Setting("An access token that the client's own token is exchanged for (RFC 8693).")
        package var exchange: ExchangedToken?

        @Setting("A token that the gateway signs.")
        package var jwt: SignedToken?

        @Setting("AWS Signature Version 4.")
        package var sigv4: SigV4?

        @Setting("Fields of the client that are taken away, so that no upstream sees its credentials.")
        package var strip: [String] = ["authorization"]

        @Setting("Leaves what the client has sent where it is, but for the field that the credentials of the upstream are put into.")
        package var keepClientCredentials: Bool = false

        package static var about: String { "Gives requests the credentials that their upstream wants, in place of the client's." }
        package init() {}
    }

    package struct HeaderCredential: Settings {
        @Setting("Name of the field.")
        package var name: String = "authorization"

        @Setting("Its value.")
        package var value: SecretText

        package init() {}
    }

    package struct BasicCredential: Settings {
        @Setting("User name, without colon.")
        package var username: String

        @Setting("Password.")
        package var password: SecretText

        package init() {}
    }

    /// How the gateway says who it is to an issuer.
    package enum ClientAuthentication: String, SettingChoice {
        case basic
        case post
        case privateKeyJWT = "private-key-jwt"
        case none
    }

    package struct Issuer: Settings {
        @Setting("URL of the issuer's token endpoint.")
        package var tokenUrl: String

        @Setting("The gateway's client id there.")
        package var clientId: String

        @Setting("The client secret, for `basic` and `post`.")
        package var clientSecret: SecretText?

        @Setting(
            "How the gateway proves who it is: `basic` and `post` send the secret, `private-key-jwt` signs (RFC 7523), `none` says the client id alone."
        )
        package var clientAuthentication: ClientAuthentication = .basic

        @Setting("The private key of `private-key-jwt`, as PEM.")
        package var privateKey: SecretText?

        @Setting("Its `kid`. Left out: the key's thumbprint.")
        package var keyId: String?

        @Setting("The algorithm that the assertion is signed with. Left out: the key's first.")
        package var algorithm: String?

        @Setting("Scopes that are asked for.")
        package var scopes: [String] = []

        @Setting("Audience that is asked for.")
        package var audience: String?

        @Setting("More parameters of the request.")
        package var parameters: OrderedMap<String> = [:]

        @Setting("How long the issuer may take.", .milliseconds(1) ... .seconds(60))
        package var timeout: Duration = .seconds(5)

        @Setting("How long a token is good when the issuer does not say.", .seconds(1) ... .seconds(86_400))
        package var lifetime: Duration = .seconds(300)

        @Setting("Share of a token's life after which the next one is fetched, while the old one is still used.")
        package var refreshAfter: Share = .percent(80)

        package init() {}
    }

    package struct ClientCredentials: Settings {
        @Setting("Who issues the token.")
        package var issuer: Issuer

        @Setting("Field that the token is put into, behind `Bearer`.")
        package var header: String = "authorization"

        package init() {}
    }

    package struct ExchangedToken: Settings {
        @Setting("Who exchanges the tokens.")
        package var issuer: Issuer

        @Setting("Field that the client's token stands in, behind `Bearer`.")
        package var from: String = "authorization"

        @Setting("What the client's token is (RFC 8693 §3).")
        package var subjectTokenType: String = "urn:ietf:params:oauth:token-type:access_token"

        @Setting("What the new token should be. Left out: the issuer decides.")
        package var requestedTokenType: String?

        @Setting("Field that the new token is put into, behind `Bearer`.")
        package var header: String = "authorization"

        @Setting("Exchanged tokens that are remembered.", 1...1_000_000)
        package var remembered: Int = 10_000

        package init() {}
    }

    package struct SignedToken: Settings {
        @Setting("The private key, as PEM.")
        package var privateKey: SecretText?

        @Setting("The secret, for `HS256`, `HS384` and `HS512`.")
        package var secret: SecretText?

        @Setting("The algorithm. Left out: the key's first.")
        package var algorithm: String?

        @Setting("The `kid`. Left out: the key's thumbprint.")
        package var keyId: String?

        @Setting("The issuer: `iss`.")
        package var issuer: String

        @Setting("The audience: `aud`.")
        package var audience: String

        @Setting("Whom the token is about: `sub`. A template.")
        package var subject: TemplateText?

        @Setting("More claims: name to value. The values are templates, and texts in the token.")
        package var claims: OrderedMap<TemplateText> = [:]

        @Setting("How long the token is good.", .seconds(1) ... .seconds(86_400))
        package var lifetime: Duration = .seconds(60)

        @Setting("Share of its life in which a token is used again for requests with the same claims. `0%` signs one for each request.")
        package var reuse: Share = .percent(50)

        @Setting("Field that the token is put into, behind `Bearer`.")
        package var header: String = "authorization"

        package init() {}
    }

    package struct SigV4: Settings {
        @Setting("Access key.")
        package var accessKey: String

        @Setting("Secret key.")
        package var secretKey: SecretText

        @Setting("Token of temporary credentials.")
        package var sessionToken: SecretText?

        @Setting("Region, such as `eu-central-1`.")
        package var region: String

        @Setting("Service, such as `execute-api`, `lambda`, `s3`.")
        package var service: String

        @Setting("Signs the request without its body (`UNSIGNED-PAYLOAD`), which not all services accept, so that it need not be collected.")
        package var unsignedPayload: Bool = false

        @Setting("Longest body that is collected to be signed; a longer one is refused with 413.", ByteSize.bytes(1)...ByteSize.mebibytes(1024))
        package var mostBody: ByteSize = .mebibytes(8)

        package init() {}
    }
}
