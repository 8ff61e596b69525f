/// A password as it is stored: hashed, with a salt and a cost.
///
/// These formats are read: bcrypt (`$2a$`, `$2b$`, `$2y$`, the last as `htpasswd -B` writes it), argon2id as a PHC string,
/// scrypt as a PHC string or as crypt(3) writes it (`$7$`), sha512-crypt (`$6$`), yescrypt (`$y$`). What is too weak to
/// protect a password, or so costly that verifying it would be an attack on the gateway, is refused when it is read.
///
/// Nothing that prints a value of this type prints the hash.
package struct PasswordHash: Hashable, Sendable {
    enum Format: Hashable, Sendable {
        case argon2id(Argon2Hash)
        case scrypt(ScryptHash)
        case crypt(CryptHash)
    }

    let format: Format

    /// Reads a hash. The error says what is wrong and what to do, without repeating the hash.
    package init(parsing text: String) throws(PasswordHashError) {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw PasswordHashError("a password hash is one word of visible ASCII characters, without spaces and line breaks")
        }
        if let hash = try CryptHash(parsing: text) {
            format = .crypt(hash)
        } else if let hash = try Argon2Hash(parsing: text) {
            format = .argon2id(hash)
        } else if let hash = try ScryptHash(parsing: text) {
            format = .scrypt(hash)
        } else {
            throw PasswordHash.refusal(of: text)
        }
    }

    /// Whether `password` is the one. Takes as long as the hash's cost says, a tenth of a second or so, and its memory, so
    /// this is not for event loops.
    ///
    /// Of bcrypt, only the first 72 bytes of a password count, as everywhere. The formats of crypt(3) know no passwords
    /// with NUL, nor any longer than 511 bytes: those never match. When memory is used up, nothing matches.
    package func verify(_ password: [UInt8]) -> Bool {
        switch format {
        case .argon2id(let hash): hash.verify(password)
        case .scrypt(let hash): hash.verify(password)
        case .crypt(let hash): hash.verify(password)
        }
    }

    /// What to tell an operator about a hash that is accepted, but quicker to guess than is recommended today; nil for a
    /// good one.
    package var advice: String? {
        switch format {
        case .argon2id(let hash): hash.cost.advice
        case .scrypt(let hash): hash.cost.advice
        case .crypt(let hash): hash.advice
        }
    }

    /// The name of the format.
    package var algorithm: String {
        switch format {
        case .argon2id: "argon2id"
        case .scrypt: "scrypt"
        case .crypt(let hash): hash.method.rawValue
        }
    }
}

extension PasswordHash: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "\(algorithm) hash" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
