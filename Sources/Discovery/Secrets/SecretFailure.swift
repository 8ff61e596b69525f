/// Why a source has not given a secret.
struct SecretFailure: Error, Equatable, Sendable {
    enum Kind: Sendable {
        /// The source has answered that there is no such secret.
        case missing
        /// The source can't be reached, is not ready, or does not let the gateway in: what it said before still counts.
        case unavailable
    }

    let kind: Kind
    let message: String
    let remedy: String

    init(_ kind: Kind, _ message: String, remedy: String) {
        self.kind = kind
        self.message = message
        self.remedy = remedy
    }

    static func unavailable(_ message: String, remedy: String) -> SecretFailure { SecretFailure(.unavailable, message, remedy: remedy) }
    static func missing(_ message: String, remedy: String) -> SecretFailure { SecretFailure(.missing, message, remedy: remedy) }
}
