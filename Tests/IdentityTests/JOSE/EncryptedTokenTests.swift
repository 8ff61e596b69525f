import Identity
import Primitives
import Testing

@Suite struct EncryptedTokenTests {
    /// The examples of RFC 7516 and 7520, and each pair of algorithms as another implementation encrypts.
    @Test func examples() throws {
        let rows = try CaseFile.rows("JOSE/encrypted.tsv")
        #expect(rows.count == 86)
        for row in rows {
            let key = try DecryptionKey(JSONWebKey(parsing: row[1]))
            let token = try EncryptedToken(parsing: row[2].text)
            #expect(EncryptedTokenTests.outcome { () throws(TokenFlaw) in try token.open(with: [key]) } == row[3].text, "\(row[0].text)")
        }
    }

    @Test func whatIsNotAdvisedIsRefused() throws {
        for row in try CaseFile.rows("JOSE/encrypted-refused.tsv") {
            #expect(
                EncryptedTokenTests.outcome { () throws(TokenFlaw) in try EncryptedToken(parsing: row[2].text).open(with: []) } == row[3].text,
                "\(row[0].text)")
        }
    }

    /// Each way of altering a token, with each pair of algorithms.
    @Test func altered() throws {
        let changes = try CaseFile.rows("JOSE/encrypted-forged.tsv")
        var count = 0
        for row in try CaseFile.rows("JOSE/encrypted.tsv") where !row[0].text.hasPrefix("RFC") {
            let key = try DecryptionKey(JSONWebKey(parsing: row[1]))
            for change in changes {
                guard let token = try EncryptedTokenTests.alter(row[2].text, change[0].text, change[1].text) else { continue }
                let outcome = EncryptedTokenTests.outcome { () throws(TokenFlaw) in try EncryptedToken(parsing: token).open(with: [key]) }
                let wanted = change[2].text.split(separator: "|").map { String($0) }
                #expect(wanted.contains(outcome), "\(row[0].text), \(change[0].text) \(change[1].text): \(outcome)")
                count += 1
            }
        }
        #expect(count > 3000)
    }

    @Test func keysAreForWhatTheyAre() throws {
        let secret = JSONWebKey(.secret([UInt8](repeating: 7, count: 32)))
        #expect(try DecryptionKey(secret).algorithms == [.a256KW, .a256GCMKW, .direct])
        var one = secret
        one.algorithm = "A256KW"
        #expect(try DecryptionKey(one).algorithms == [.a256KW])
        one.algorithm = "RSA-OAEP"
        #expect(throws: KeyError.self) { try DecryptionKey(one) }
        one.algorithm = nil
        one.use = "sig"
        #expect(throws: KeyError.self) { try DecryptionKey(one) }
        #expect(throws: KeyError.self) { try DecryptionKey(JSONWebKey(.secret([1, 2, 3]))) }
        #expect(throws: KeyError.self) { try DecryptionKey(#require(SigningKey.generate(.ES256).publicJWK)) }
    }

    /// A token inside of another (RFC 7519 §5.2).
    @Test func nested() throws {
        let signer = try SigningKey.generate(.ES256)
        let inner = try JSONWebToken.make(claims: ["sub": "alice", "exp": 2000], key: signer)
        let secret = [UInt8](repeating: 9, count: 32)
        let seal = SealedToken(secret)
        var verifier = TokenVerifier(TokenRules(), keys: VerifyingKeys([try signer.verifyingKey()]))
        let nested = try seal.make(#"{"alg":"dir","enc":"A256GCM","cty":"JWT"}"#, inner)
        #expect(throws: TokenFlaw.encryptionNotAllowed) { try verifier.verify(nested, now: 0) }
        verifier.decryptionKeys = [try DecryptionKey(JSONWebKey(.secret(secret)))]
        #expect(try verifier.verify(nested, now: 0).claims["sub"] == "alice")
        // Claims alone, under a secret.
        let plain = try seal.make(#"{"alg":"dir","enc":"A256GCM"}"#, #"{"sub":"bob","exp":2000}"#)
        #expect(try verifier.verify(plain, now: 0).claims["sub"] == "bob")
        #expect(throws: TokenFlaw.expired) { try verifier.verify(plain, now: 2000) }
        // Twice encrypted: nothing looks further inside.
        #expect(throws: TokenFlaw.partCount) { try verifier.verify(seal.make(#"{"alg":"dir","enc":"A256GCM","cty":"JWT"}"#, nested), now: 0) }
        #expect(throws: TokenFlaw.claimsJSON) { try verifier.verify(seal.make(#"{"alg":"dir","enc":"A256GCM"}"#, inner), now: 0) }
        let stranger = try JSONWebToken.make(claims: ["sub": "eve", "exp": 2000], key: SigningKey.generate(.ES256))
        let foreign = try seal.make(#"{"alg":"dir","enc":"A256GCM","cty":"JWT"}"#, stranger)
        #expect(throws: TokenFlaw.keyUnknown) { try verifier.verify(foreign, now: 0) }
    }

    /// Whoever has the public key can encrypt: that says nothing about the sender.
    @Test func encryptedForUsIsNotSigned() throws {
        let row = try #require(try CaseFile.rows("JOSE/encrypted.tsv").first { $0[0].text == "RSA-OAEP A256GCM" })
        var verifier = TokenVerifier(TokenRules(), keys: VerifyingKeys([]))
        verifier.decryptionKeys = [try DecryptionKey(JSONWebKey(parsing: row[1]))]
        #expect(throws: TokenFlaw.unsigned) { try verifier.verify(row[2].text, now: 0) }
    }

    private static func outcome(_ body: () throws(TokenFlaw) -> [UInt8]) -> String {
        do throws(TokenFlaw) { return Base64URL.encode(try body()) } catch { return error.code }
    }

    private static func alter(_ token: String, _ change: String, _ argument: String) throws -> String? {
        var parts = token.split(separator: ".", omittingEmptySubsequences: false).map { String($0) }
        let place = argument.first?.wholeNumberValue ?? 0
        switch change {
        case "append": return token + argument
        case "drop-part": parts.remove(at: place)
        case "part":
            let text = String(argument.dropFirst(2))
            // Where there is no key, none is what belongs there.
            if text == parts[place] { return nil }
            parts[place] = text
        case "header":
            let words = argument.split(separator: " ", maxSplits: 1)
            let header = try #require(Base64URL.decode(parts[0]))
            var members = try #require(JSON.parse(header).object)
            members[String(words[0])] = words[1] == "-" ? nil : try JSON.parse(String(words[1]))
            parts[0] = Base64URL.encode(JSON.object(members).bytes)
        default:
            guard var bytes = Base64URL.decode(parts[place]), !bytes.isEmpty || change == "lengthen" else { return nil }
            switch change {
            case "flip": bytes[bytes.count / 2] ^= 1
            case "shorten": bytes.removeLast()
            case "lengthen": bytes.append(0)
            default: throw KeyError("no such change: \(change)")
            }
            parts[place] = Base64URL.encode(bytes)
        }
        return parts.joined(separator: ".")
    }
}
