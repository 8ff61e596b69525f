extension PasswordHash {
    /// Beginnings of formats that others accept, and why they are not accepted here.
    private static let refused: [(prefix: String, reason: String)] = [
        ("$argon2i$", "argon2i is weaker than argon2id against today's attacks"),
        ("$argon2d$", "argon2d leaks through timing"),
        ("$argon2$", "this variant of argon2 is not known"),
        ("$2x$", "$2x$ marks hashes of a faulty bcrypt"),
        ("$2$", "$2$ marks hashes of a faulty bcrypt"),
        ("$1$", "MD5-crypt is guessed within hours"),
        ("$apr1$", "Apache's MD5 is guessed within hours"),
        ("$md5", "MD5 is guessed within hours"),
        ("$sha1$", "SHA-1 is guessed within hours"),
        ("{SHA}", "SHA-1 without a salt is guessed within seconds"),
        ("{SSHA", "SHA without a cost is guessed within hours"),
        ("$3$", "NT hashes are guessed within seconds"),
        ("$5$", "sha256-crypt is not supported"),
        ("$gy$", "gost-yescrypt is not supported"),
        ("$pbkdf2", "PBKDF2 is not supported"),
        ("pbkdf2", "PBKDF2 is not supported"),
        ("$8$", "PBKDF2 is not supported"),
        ("scrypt:", "this is not the PHC form of scrypt"),
    ]

    static func refusal(of text: String) -> PasswordHashError {
        if text.isEmpty { return PasswordHashError("the password hash is empty: \(remedy)") }
        if let known = refused.first(where: { text.hasPrefix($0.prefix) }) { return PasswordHashError("\(known.reason): \(remedy)") }
        if let colon = text.firstIndex(of: ":"), text[text.index(after: colon)...].hasPrefix("$") {
            return PasswordHashError("this is a line of a password file: write only what follows the colon")
        }
        if text.hasPrefix("$") { return PasswordHashError("this format of a password hash is not known: \(remedy)") }
        return PasswordHashError("this is no password hash (a password in plain text, or DES?): \(remedy)")
    }

    private static var remedy: String { "make a new one with `sluice hash-password` or `htpasswd -nB -C 12 USER`" }
}
