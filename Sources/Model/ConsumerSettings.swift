package import Schema

/// Who calls: an application with credentials and groups.
package struct ConsumerSettings: Settings {
    @Setting("Name in logs, metrics and expressions.")
    package var name: String

    @Setting("Groups that the consumer belongs to.")
    package var groups: [String] = []

    @Setting("Whatever else policies should know: name to value, `consumer.attributes` in expressions.")
    package var attributes: OrderedMap<String> = [:]

    @Setting("What the consumer identifies itself with.")
    package var credentials: [Credential] = []

    package var origin = Origin()
    package init() {}
}

/// One credential; a consumer may have several of a kind, so that they can be replaced one after the other.
package struct Credential: Settings {
    @Setting("User name and password of HTTP basic authentication.")
    package var basic: BasicCredential?

    package var origin = Origin()
    package static var reserved: [String] { ["apiKey", "apiKeyHash", "jwtClaim"] }
    package init() {}
}

package struct BasicCredential: Settings {
    @Setting("User name, without colon.")
    package var username: String

    @Setting("Hash of the password: bcrypt (`$2b$…`), argon2id (`$argon2id$…`), scrypt (`$scrypt$…`, `$7$…`).")
    package var passwordHash: String

    package init() {}
}
