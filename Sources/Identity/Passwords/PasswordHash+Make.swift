/// What new password hashes are made with.
package enum PasswordAlgorithm: String, CaseIterable, Sendable {
    /// The one to take: 64 MiB, three passes (RFC 9106 §4).
    case argon2id
    /// For use elsewhere too; cost 12. Passwords of at most 72 bytes, without NUL.
    case bcrypt
    /// 128 MiB.
    case scrypt
}

extension PasswordHash {
    /// The text of a new hash of `password`, with a random salt: what belongs into a configuration.
    package static func make(_ password: [UInt8], _ algorithm: PasswordAlgorithm = .argon2id) throws(PasswordHashError) -> String {
        guard !password.isEmpty else { throw PasswordHashError("the password is empty") }
        return switch algorithm {
        case .argon2id: try Argon2Hash.make(password)
        case .bcrypt: try CryptHash.makeBcrypt(password, cost: 12)
        case .scrypt: try ScryptHash.make(password)
        }
    }
}
