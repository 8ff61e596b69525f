package import GatewayCore
import PolicyKit
package import Schema

/// What the groups of the settings hold.
extension OAuth2Server {
    package struct RefreshTokens: Settings {
        @Setting("How long one counts that is not used.", .seconds(60) ... .seconds(366 * 86_400))
        package var idle: Duration = .seconds(30 * 86_400)

        @Setting("How long after the sign-in the last one counts, however often they are used.", .seconds(60) ... .seconds(3660 * 86_400))
        package var total: Duration = .seconds(180 * 86_400)

        @Setting(
            "How long one that was just replaced still counts, for clients that never received the new one. Beyond, using it revokes the grant.",
            .zero ... .seconds(300))
        package var leeway: Duration = .zero

        package init() {}
    }

    package struct Devices: Settings {
        @Setting("How long a code counts that a device shows.", .seconds(60) ... .seconds(3600))
        package var lifetime: Duration = .seconds(600)

        @Setting("How long a device waits between two questions.", .seconds(1) ... .seconds(60))
        package var interval: Duration = .seconds(5)

        package init() {}
    }

    package struct Keys: Settings {
        @Setting("How long a key signs.", .seconds(120) ... .seconds(3660 * 86_400))
        package var rotation: Duration = .seconds(30 * 86_400)

        @Setting("How long a key is published before it signs: longer than others keep the key set.", .seconds(10) ... .seconds(30 * 86_400))
        package var ahead: Duration = .seconds(86_400)

        package init() {}
    }

    package struct Login: Settings {
        @Setting("How long people stay signed in.", .seconds(60) ... .seconds(90 * 86_400))
        package var lifetime: Duration = .seconds(12 * 3600)

        @Setting(
            "Wrong passwords, or wrong device codes, that a person may give in each `window`; an address four times, a user name ten times as many.",
            1...10_000)
        package var attempts: Int = 5

        @Setting("The time in which attempts are counted.", .seconds(1) ... .seconds(86_400))
        package var window: Duration = .seconds(300)

        package init() {}
    }

    package struct ClientSettings: Settings {
        @Setting("`client_id`.")
        package var id: String

        @Setting("What people are told that it is called. Left out: its id.")
        package var name: String?

        @Setting(
            "Secrets that count, so that they can be replaced one after the other: random text of 16 bytes or more, or `sha256:` and the hash of one in hexadecimal. None: the client is public, such as an app."
        )
        package var secrets: [SecretText] = []

        @Setting("How it may ask for tokens.")
        package var grants: [GrantChoice] = [.authorizationCode, .refreshToken]

        @Setting("Where browsers may be sent with a code; compared character for character.")
        package var redirectUris: [String] = []

        @Setting("Where browsers may be sent after signing out.")
        package var logoutUris: [String] = []

        @Setting("Where the client wants to hear that somebody has signed out, if it does (OpenID Connect Back-Channel Logout).")
        package var backchannelLogoutUri: CalloutURL?

        @Setting("What it may ask for.")
        package var scopes: [String] = []

        @Setting("`aud` of its access tokens. Left out: the server's.")
        package var audience: [String] = []

        @Setting("People are not asked whether it may act for them: it is your own.")
        package var trusted: Bool = false

        @Setting("It may introspect tokens of other clients: it is an API.")
        package var introspects: Bool = false

        package init() {}
    }

    package struct UserSettings: Settings {
        @Setting("What the person signs in with.")
        package var username: String

        @Setting("Hash of the password, as `sluice hash-password` makes it.")
        package var passwordHash: SecretText

        @Setting("`sub` of tokens: stays the same for ever. Left out: the user name.")
        package var subject: String?

        @Setting("Groups, in access tokens and, with the scope `groups`, in id tokens.")
        package var groups: [String] = []

        @Setting("What clients learn that are granted `profile`, `email` and the like: claim to value, such as `email`, `name`.")
        package var claims: OrderedMap<String> = [:]

        package init() {}
    }
}

package enum TokenAlgorithm: String, SettingChoice {
    case RS256, PS256, ES256, EdDSA
}

package enum GrantChoice: String, SettingChoice {
    case authorizationCode = "authorization-code"
    case clientCredentials = "client-credentials"
    case refreshToken = "refresh-token"
    case deviceCode = "device-code"
}
