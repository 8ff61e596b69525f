import Identity
import Testing

@Suite struct PasswordHashTests {
    @Test func knownPasswords() throws {
        let rows = try CaseFile.rows("verified.txt")
        #expect(rows.count > 20)
        for row in rows {
            let hash = try PasswordHash(parsing: row[0].text)
            #expect(hash.algorithm == row[2].text, "\(row[0].text)")
            #expect((hash.advice != nil) == (row[3].text == "advice"), "\(row[0].text)")
            #expect(hash.verify(row[1]), "\(row[0].text)")
            // What bcrypt does not look at makes no difference.
            guard row[1].count < 72 else { continue }
            #expect(!hash.verify(row[1] + [UInt8(ascii: "x")]), "\(row[0].text)")
            if !row[1].isEmpty { #expect(!hash.verify(row[1].dropLast()), "\(row[0].text)") }
        }
    }

    @Test func refused() throws {
        let rows = try CaseFile.rows("refused.txt")
        #expect(rows.count > 80)
        for row in rows {
            let text = row[0].text
            let error = #expect(throws: PasswordHashError.self, "\(text)") { try PasswordHash(parsing: text) }
            let message = error?.message ?? ""
            #expect(message.contains(row[1].text), "\(text): \(message)")
            // Nothing longer than a parameter comes back.
            for part in text.split(whereSeparator: { "$:,{}".contains($0) }) where part.count > 8 {
                #expect(!message.contains(part), "\(text): \(message)")
            }
        }
    }

    /// Of a hash that is good, every beginning is refused, and so is every one with a character replaced by one that has no
    /// place there. The digest of a PHC string may be shorter: 22 characters are 16 bytes.
    @Test func damaged() throws {
        for row in try CaseFile.rows("verified.txt") {
            let hash = row[0]
            let isPHC = hash.text.hasPrefix("$argon2id$") || hash.text.hasPrefix("$scrypt$")
            let complete = isPHC ? (hash.lastIndex(of: UInt8(ascii: "$")) ?? 0) + 1 + 22 : hash.count
            for length in 0..<complete { #expect(throws: PasswordHashError.self) { try PasswordHash(parsing: Array(hash[..<length]).text) } }
            for i in hash.indices {
                for byte in [0, 0x20, UInt8(ascii: "!"), 0x7f, 0xff] {
                    var changed = hash
                    changed[i] = byte
                    // Salts of crypt(3) may have any visible character.
                    let salted = byte == UInt8(ascii: "!") && ["$6$", "$7$", "$y$"].contains { hash.text.hasPrefix($0) }
                    if !salted { #expect(throws: PasswordHashError.self) { try PasswordHash(parsing: changed.text) } }
                }
            }
        }
    }

    @Test func passwordsWithNUL() throws {
        // The part before NUL is the password: must not count as if it were all.
        let bcrypt = try PasswordHash(parsing: "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW")
        #expect(!bcrypt.verify(Array("U*U\0".utf8)) && !bcrypt.verify(Array("U*U\0x".utf8)))
        let empty = try PasswordHash(parsing: "$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy")
        #expect(empty.verify([]) && !empty.verify([0]))
        let argon = try PasswordHash(parsing: try PasswordHash.make([0, 1, 0]))
        #expect(argon.verify([0, 1, 0]) && !argon.verify([0, 1]) && !argon.verify([0]))
    }

    @Test func veryLongPasswords() throws {
        let bcrypt = try PasswordHash(parsing: "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW")
        for length in [510, 511, 512, 513, 100_000] { #expect(!bcrypt.verify([UInt8](repeating: 0x61, count: length))) }
        let long = [UInt8](repeating: 0x61, count: 511)
        let hash = try PasswordHash(parsing: PasswordHash.make(Array(long.prefix(72)), .bcrypt))
        #expect(hash.verify(long) && !hash.verify(long + [0x61]), "511 bytes are what crypt(3) takes")
    }

    @Test(arguments: PasswordAlgorithm.allCases) func making(_ algorithm: PasswordAlgorithm) throws {
        let password = Array("pässword".utf8)
        let one = try PasswordHash.make(password, algorithm), other = try PasswordHash.make(password, algorithm)
        #expect(one != other, "each has its own salt")
        let hash = try PasswordHash(parsing: one)
        #expect(hash.algorithm == algorithm.rawValue && hash.advice == nil)
        #expect(hash.verify(password) && !hash.verify(Array("password".utf8)))
    }

    @Test func whatCannotBeMade() {
        #expect(throws: PasswordHashError.self) { try PasswordHash.make([]) }
        #expect(throws: PasswordHashError.self) { try PasswordHash.make([UInt8](repeating: 0x61, count: 73), .bcrypt) }
        #expect(throws: PasswordHashError.self) { try PasswordHash.make([0x61, 0], .bcrypt) }
    }

    @Test func nothingPrintsAHash() throws {
        for row in try CaseFile.rows("verified.txt") {
            let hash = try PasswordHash(parsing: row[0].text)
            var dumped = ""
            dump([hash], to: &dumped)
            for text in ["\(hash)", String(reflecting: hash), "\(Optional(hash) as Any)", dumped] {
                #expect(text.contains("\(hash.algorithm) hash") && !text.contains("$") && text.utf8.count < 120, "\(text)")
            }
        }
    }
}
