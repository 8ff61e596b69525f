extension CryptHash {
    /// Nil: the text is of none of these methods.
    init?(parsing text: String) throws(PasswordHashError) {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count > 2, parts[0].isEmpty else { return nil }
        switch parts[1] {
        case "2a", "2b", "2y": self = try CryptHash.bcrypt(text, Array(parts.dropFirst(2)))
        case "6": self = try CryptHash.sha512(text, Array(parts.dropFirst(2)))
        case "7": self = try CryptHash.scrypt(text, Array(parts.dropFirst(2)))
        case "y": self = try CryptHash.yescrypt(text, Array(parts.dropFirst(2)))
        default: return nil
        }
    }

    /// `12$` and then 22 characters of salt, 31 of digest. Costs below 4 don't exist, 4 takes a millisecond, and 5 is what
    /// `htpasswd -B` takes unless told otherwise; 16 takes some seconds.
    private static func bcrypt(_ text: String, _ parts: [Substring]) throws(PasswordHashError) -> CryptHash {
        guard parts.count == 2, parts[0].utf8.count == 2, parts[0].utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let cost = Int(parts[0]), parts[1].utf8.count == 53, let last = digits(parts[1], of: .bcrypt).last,
            // 23 bytes are two bits less than 31 characters: a digest with those bits set would match nothing.
            !digits(parts[1], of: .bcrypt).contains(nil), let last, last & 3 == 0
        else { throw malformed("bcrypt", "$2y$12$ and 53 characters") }
        guard cost >= 5 else {
            throw PasswordHashError("the cost of the bcrypt hash is below 5: make one with `htpasswd -nB -C 12 USER`")
        }
        guard cost <= 16 else {
            throw PasswordHashError("the cost of the bcrypt hash is above 16, so each verification would take many seconds")
        }
        let advice = cost < 10 ? "the cost of the bcrypt hash is below 10: make a new one with `htpasswd -nB -C 12 USER`" : nil
        return CryptHash(method: .bcrypt, advice: advice, text: text, digestLength: 31)
    }

    /// `rounds=N$` or nothing, which means 5000, then at most 16 characters of salt, 86 of digest.
    private static func sha512(_ text: String, _ parts: [Substring]) throws(PasswordHashError) -> CryptHash {
        var rounds = 5000
        if parts.count == 3 {
            guard parts[0].hasPrefix("rounds="), let number = Int(parts[0].dropFirst(7)), String(number) == parts[0].dropFirst(7) else {
                throw malformed("sha512-crypt", "$6$rounds=N$SALT$HASH")
            }
            rounds = number
        }
        guard parts.count == 2 || parts.count == 3, (1...16).contains(parts[parts.count - 2].utf8.count),
            let digest = parts.last, digest.utf8.count == 86, !digits(digest, of: .sha512).contains(nil)
        else { throw malformed("sha512-crypt", "$6$rounds=N$SALT$HASH, with a salt of at most 16 and a hash of 86 characters") }
        guard rounds >= 5000 else {
            throw PasswordHashError("the sha512-crypt hash has less than 5000 rounds: make one with `sluice hash-password`")
        }
        guard rounds <= 10_000_000 else {
            throw PasswordHashError("the sha512-crypt hash has more than 10000000 rounds, so each verification would take seconds")
        }
        let advice =
            rounds < 100_000 ? "sha512-crypt with less than 100000 rounds is quick to guess: make a new hash with `sluice hash-password`" : nil
        return CryptHash(method: .sha512, advice: advice, text: text, digestLength: 86)
    }

    /// One character for the logarithm of N, five each for r and p, the salt; then 43 of digest.
    private static func scrypt(_ text: String, _ parts: [Substring]) throws(PasswordHashError) -> CryptHash {
        let shape = "$7$, eleven characters of parameters, the salt, and $ with 43 characters"
        guard parts.count == 2, parts[0].utf8.count > 11, parts[0].utf8.count <= 11 + 64, hasDigest(parts[1], of: .scrypt) else {
            throw malformed("scrypt", shape)
        }
        let numbers = digits(parts[0].prefix(11), of: .scrypt).compactMap { $0 }
        guard numbers.count == 11 else { throw malformed("scrypt", shape) }
        // Least significant character first.
        func number(_ range: Range<Int>) -> UInt64 { numbers[range].reversed().reduce(0) { $0 << 6 | UInt64($1) } }
        let cost = try ScryptHash.cost(logN: UInt64(numbers[0]), r: number(1..<6), p: number(6..<11))
        return CryptHash(method: .scrypt, advice: cost.advice, text: text, digestLength: 43)
    }

    /// `j`, for the flavour that everybody uses, one character each for the logarithm of N and for r, less one; then the salt
    /// and 43 characters of digest. What `mkpasswd -m yescrypt` and passwd(1) write.
    private static func yescrypt(_ text: String, _ parts: [Substring]) throws(PasswordHashError) -> CryptHash {
        let shape = "$y$j9T$SALT$HASH, as `mkpasswd -m yescrypt` makes it"
        guard parts.count == 3, parts[0].utf8.count == 3, parts[0].hasPrefix("j"), (1...86).contains(parts[1].utf8.count),
            hasDigest(parts[2], of: .yescrypt)
        else { throw malformed("yescrypt", shape) }
        let numbers = digits(parts[0].dropFirst(), of: .yescrypt).compactMap { $0 }
        // From 48 on a number has more characters.
        guard numbers.count == 2, numbers.allSatisfy({ $0 < 48 }) else { throw malformed("yescrypt", shape) }
        let cost = try ScryptHash.cost(logN: UInt64(numbers[0]) + 1, r: UInt64(numbers[1]) + 1, p: 1)
        return CryptHash(method: .yescrypt, advice: cost.advice, text: text, digestLength: 43)
    }

    private static func malformed(_ name: String, _ shape: String) -> PasswordHashError {
        PasswordHashError("the \(name) hash is malformed or cut off: it must be \(shape)")
    }

    /// 32 bytes in 43 characters.
    private static func hasDigest(_ text: Substring, of method: Method) -> Bool {
        text.utf8.count == 43 && !digits(text, of: method).contains(nil)
    }

    /// The values of characters in the method's own kind of Base64; nil for what is none.
    private static func digits(_ text: Substring, of method: Method) -> [UInt8?] {
        let isBcrypt = method == .bcrypt
        return text.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "."): 0
            case UInt8(ascii: "/"): 1
            case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0") + (isBcrypt ? 54 : 2)
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte - UInt8(ascii: "A") + (isBcrypt ? 2 : 12)
            case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - UInt8(ascii: "a") + (isBcrypt ? 28 : 38)
            default: nil
            }
        }
    }
}
