import Identity
package import Schema

extension HMACSignature {
    package struct Config: Settings {
        @Setting("HMACs that are accepted. Clients that name none use the first.")
        package var algorithms: [Algorithm] = [.sha256, .sha512]

        @Setting(
            "Fields that have to be signed, in lower case. The request's target (`(request-target)`, `@request-target` or `request-line`) and a time (`(created)`, `x-date` or `date`) always have to be."
        )
        package var headers: [String] = ["host"]

        @Setting("How far the signed time may be from the gateway's clock, in either direction.", .seconds(1) ... .seconds(86_400))
        package var clockSkew: Duration = .seconds(300)

        @Setting(
            "`required`: a body needs a signed `Digest` or `Content-Digest`. `optional`: one that is signed is compared with the body. `ignored`: bodies are not looked at, and anybody on the way can change them."
        )
        package var digest: DigestRule = .required

        @Setting(
            "Longest body that is collected and compared with its digest before the upstream sees any of it. Left out: it is compared as it passes; only its last byte waits for the result.",
            ByteSize.bytes(1)...ByteSize.mebibytes(1024))
        package var collectBody: ByteSize?

        @Setting("Accepts each signature once only, so that nobody can send a request again. Clients that retry have to sign anew.")
        package var once: Bool = false

        @Setting("Signatures that `once` remembers for twice `clockSkew`. When there are more, requests are refused with 503.", 1...10_000_000)
        package var remembered: Int = 200_000

        @Setting("Takes the `Authorization` field away before the request goes on. `false` forwards it.")
        package var hideCredentials: Bool = true

        @Setting("The `realm` of the challenge.")
        package var realm: String = "API"

        @Setting("How long a secret of the database is remembered. Secrets of the file follow the file.", .milliseconds(1) ... .seconds(3600))
        package var cache: Duration = .seconds(10)

        package static var about: String { "Lets consumers in by requests that are signed with a shared secret (HMAC)." }
        package init() {}
    }

    package enum Algorithm: String, SettingChoice {
        case sha256 = "hmac-sha256"
        case sha384 = "hmac-sha384"
        case sha512 = "hmac-sha512"

        var digest: DigestAlgorithm {
            switch self {
            case .sha256: .sha256
            case .sha384: .sha384
            case .sha512: .sha512
            }
        }
    }
}
