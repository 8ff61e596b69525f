import Identity
import Primitives
import Testing

@Suite struct SignedTokenTests {
    /// The examples of RFC 7515, 7520 and 8037, and tokens that another implementation has signed.
    @Test func examples() throws {
        let rows = try CaseFile.rows("JOSE/signed.tsv")
        #expect(rows.count == 22)
        for row in rows {
            let name = row[0].text
            let key = try JSONWebKey(parsing: row[1])
            let keys = VerifyingKeys([try VerifyingKey(key)])
            let token = try SignedToken(parsing: row[2].text)
            #expect(throws: Never.self, "\(name)") { try token.verify(with: keys) }
            #expect(Base64URL.encode(try token.payload()) == row[3].text, "\(name)")
            // One bit of the payload, and nothing is left of it.
            var forged = row[2]
            let middle = try #require(forged.firstIndex(of: UInt8(ascii: "."))) + 2
            forged[middle] = forged[middle] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            let other = try SignedToken(parsing: forged.text)
            #expect(throws: TokenFlaw.signatureWrong, "\(name)") { try other.verify(with: keys) }
        }
    }

    /// HMAC, RSASSA-PKCS1-v1_5 and EdDSA have no chance in them: what is signed here is what the RFCs print.
    @Test func signsWhatTheExamplesShow() throws {
        for row in try CaseFile.rows("JOSE/signed.tsv") where ["HS", "RS", "Ed"].contains(row[0].text.split(separator: " ").last?.prefix(2)) {
            let key = try JSONWebKey(parsing: row[1])
            guard key.material.isPrivate else { continue }
            let token = try SignedToken(parsing: row[2].text)
            let input = Array(row[2].text.split(separator: ".").prefix(2).joined(separator: ".").utf8)
            let algorithm = try #require(SignatureAlgorithm(rawValue: token.header.algorithm))
            #expect(try SigningKey(key).sign(input, algorithm: algorithm) == token.signature, "\(row[0].text)")
        }
    }

    @Test(arguments: SignatureAlgorithm.allCases) func makesWhatItVerifies(_ algorithm: SignatureAlgorithm) throws {
        let key = try SigningKey.generate(algorithm)
        #expect(key.algorithms == [algorithm])
        let token = try JSONWebToken.make(claims: ["sub": "alice", "exp": 2000], header: ["typ": "at+jwt"], key: key)
        var rules = TokenRules()
        rules.types = ["at+jwt"]
        let verifier = TokenVerifier(rules, keys: VerifyingKeys([try key.verifyingKey()]))
        let verified = try verifier.verify(token, now: 1999)
        #expect(verified.claims["sub"] == "alice" && verified.expires == 2000 && verified.header.kid == key.kid)
        #expect(throws: TokenFlaw.expired) { try verifier.verify(token, now: 2000) }
        guard let published = key.publicJWK else { return }
        #expect(!published.material.isPrivate && published.json["d"] == nil)
        let again = try JSONWebKey(parsing: published.json.bytes)
        #expect(again == published)
        #expect(try TokenVerifier(rules, keys: VerifyingKeys([VerifyingKey(again)])).verify(token, now: 1).claims == verified.claims)
    }

    @Test(arguments: SignatureAlgorithm.allCases.filter { $0.family != .hmac }) func keysSurvivePEM(_ algorithm: SignatureAlgorithm) throws {
        let key = try SigningKey.generate(algorithm)
        let again = try SigningKey(pem: try key.privatePEM(), algorithm: algorithm)
        #expect(again.jwk == key.jwk)
        let token = try JSONWebToken.make(claims: [:], key: again)
        #expect(throws: Never.self) { try SignedToken(parsing: token).verify(with: VerifyingKeys([key.verifyingKey()])) }
    }

    @Test func manyKeysAreNotTriedInTurn() throws {
        let keys = try (0..<11).map { _ in try SigningKey.generate(.ES256) }
        let all = try keys.map { key in try VerifyingKey(JSONWebKey(#require(key.publicJWK).material)) }
        let token = try SignedToken(parsing: JSONWebToken.make(claims: [:], key: keys[9]))
        #expect(throws: TokenFlaw.keyAmbiguous) { try token.verify(with: VerifyingKeys(all)) }
        #expect(throws: Never.self) { try token.verify(with: VerifyingKeys(Array(all.prefix(10)))) }
    }
}
