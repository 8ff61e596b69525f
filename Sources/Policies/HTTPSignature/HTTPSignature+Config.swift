import Identity
import Primitives
package import Schema

extension HTTPSignature {
    package struct Config: Settings {
        @Setting(
            "Checks the signatures of requests. `false` only makes signatures, as `sign` says.")
        package var verify: Bool = true

        @Setting("Keys that requests may be signed with, beside the secrets of consumers (`hmac`), which are for `hmac-sha256`.")
        package var keys: [Key] = []

        @Setting(
            "What a signature has to cover (RFC 9421 §2): `@method`, `content-type`, `@query-param;name=\"q\"`. What covers more covers less: `@target-uri` has `@authority`, `@path` and `@query` in it. `@query` may be left out by requests that have none."
        )
        package var components: [String] = ["@method", "@authority", "@path", "@query"]

        @Setting("Looks only at signatures of this label. Left out: at all, of which one has to do.")
        package var label: String?

        @Setting("What signatures must be for: their `tag`. Left out: anything.")
        package var tag: String?

        @Setting("How long a signature is accepted after `created`.", .seconds(1) ... .seconds(86_400))
        package var maxAge: Duration = .seconds(300)

        @Setting("How far the clocks of clients may be from the gateway's.", .zero ... .seconds(3600))
        package var clockSkew: Duration = .seconds(30)

        @Setting("Refuses signatures without `expires`.")
        package var requireExpires: Bool = false

        @Setting(
            "`ignored`: a nonce is just signed. `required`: every signature needs one. `once`: and each is accepted once only, so that nobody can send a request again."
        )
        package var nonce: NonceRule = .ignored

        @Setting("Nonces that `once` remembers while they could come again. When there are more, requests are refused with 503.", 1...10_000_000)
        package var remembered: Int = 200_000

        @Setting(
            "`required`: a body needs a signed `Content-Digest`. `optional`: one that is signed is compared with the body. `ignored`: bodies are not looked at, and anybody on the way can change them."
        )
        package var digest: DigestRule = .required

        @Setting(
            "Longest body that is collected and compared with its digest before the upstream sees any of it. Left out: it is compared as it passes; only its last byte waits for the result.",
            ByteSize.bytes(1)...ByteSize.mebibytes(1024))
        package var collectBody: ByteSize?

        @Setting("Takes `Signature` and `Signature-Input` away before the request goes on. `false` forwards them.")
        package var hideCredentials: Bool = true

        @Setting("The `realm` of the challenge.")
        package var realm: String = "API"

        @Setting("How long a secret of the database is remembered. Secrets of the file follow the file.", .milliseconds(1) ... .seconds(3600))
        package var cache: Duration = .seconds(10)

        @Setting("Signatures that the gateway makes.")
        package var sign: Sign = Sign()

        package static var about: String { "Checks the signatures of requests (RFC 9421), and signs requests to upstreams and responses." }
        package init() {}
    }

    package enum NonceRule: String, SettingChoice {
        case ignored, required, once
    }

    package struct Key: Settings {
        @Setting("Names the key in signatures: their `keyid`.")
        package var keyId: String

        @Setting("The one algorithm that the key is for.")
        package var algorithm: Algorithm

        @Setting("The public key or certificate, as PEM.")
        package var publicKey: String?

        @Setting("The secret, for `hmac-sha256`.")
        package var secret: SecretText?

        @Setting("The consumer whose key it is. Left out: requests are accepted, and nobody knows of whom.")
        package var consumer: String?

        package init() {}
    }

    package struct Sign: Settings {
        @Setting("How requests to upstreams are signed. Left out: not at all.")
        package var request: Maker?

        @Setting("How responses are signed. Left out: not at all.")
        package var response: Maker?

        package init() {}
    }

    package struct Maker: Settings {
        @Setting("Names the key in signatures: their `keyid`.")
        package var keyId: String

        @Setting("The algorithm.")
        package var algorithm: Algorithm

        @Setting("The private key, as PEM.")
        package var privateKey: SecretText?

        @Setting("The secret, for `hmac-sha256`.")
        package var secret: SecretText?

        @Setting("The signature's label.")
        package var label: String = "sluice"

        @Setting(
            "What is signed. Fields that a message does not have are left out. Left out: `@method`, `@target-uri`, `content-type` and `content-digest` of requests, `@status`, `content-type` and `content-digest` of responses. Responses sign components of their request with `;req`."
        )
        package var components: [String]?

        @Setting("What the signature is for: its `tag`.")
        package var tag: String?

        @Setting("How long the signature is good: its `expires`. Left out: it does not say.", .seconds(1) ... .seconds(86_400))
        package var lifetime: Duration?

        @Setting("Says the algorithm in the signature.")
        package var stateAlgorithm: Bool = false

        @Setting("Digest of the body that is added as `Content-Digest` where that is signed and not there yet. The body is collected for it.")
        package var digest: DigestChoice = .sha256

        @Setting("Longest body that is collected for its digest; a longer request is refused with 413, a longer response with 502.")
        package var mostBody: ByteSize = .mebibytes(1)

        package var origin = Origin()
        package init() {}
    }

    package enum DigestChoice: String, SettingChoice {
        case sha256 = "sha-256"
        case sha512 = "sha-512"
        case none

        var algorithm: DigestAlgorithm? {
            switch self {
            case .sha256: .sha256
            case .sha512: .sha512
            case .none: nil
            }
        }
    }

    package enum Algorithm: String, SettingChoice {
        case rsaPSSSHA512 = "rsa-pss-sha512"
        case rsaSHA256 = "rsa-v1_5-sha256"
        case hmacSHA256 = "hmac-sha256"
        case ecdsaP256SHA256 = "ecdsa-p256-sha256"
        case ecdsaP384SHA384 = "ecdsa-p384-sha384"
        case ed25519

        var algorithm: MessageSignatureAlgorithm { MessageSignatureAlgorithm(rawValue: rawValue) ?? .ed25519 }
    }
}
