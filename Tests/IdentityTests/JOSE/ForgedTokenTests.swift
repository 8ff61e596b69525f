import Identity
import Primitives
import Testing

/// Each way of altering a token, with each algorithm: none gets through, and each is refused for what it is.
@Suite struct ForgedTokenTests {
    @Test(arguments: SignatureAlgorithm.allCases) func altered(_ algorithm: SignatureAlgorithm) throws {
        let forge = try TokenForge(algorithm)
        #expect(forge.outcome(forge.token) == "ok")
        var count = 0
        for row in try CaseFile.rows("JOSE/forged.tsv") {
            guard let token = try forge.alter(row[0].text, row[1]) else { continue }
            count += 1
            let wanted = row[2].text.split(separator: "|").map { String($0) }
            #expect(wanted.contains(forge.outcome(token)), "\(row[0].text) \(row[1].text): \(forge.outcome(token))")
        }
        #expect(count > 100)
    }

    /// A token that says another algorithm than the key is for, signed as it was or as the other algorithm would have it.
    @Test(arguments: SignatureAlgorithm.allCases) func swapped(_ algorithm: SignatureAlgorithm) throws {
        let forge = try TokenForge(algorithm)
        for other in SignatureAlgorithm.allCases where other != algorithm {
            let header = Array(#"{"alg":"\#(other.rawValue)","kid":"k1"}"#.utf8)
            #expect(forge.outcome(forge.assemble(header, forge.claims, forge.signature)) == "algorithm_not_allowed", "\(other)")
            let key = try SigningKey.generate(other)
            #expect(forge.outcome(try forge.assemble(header, forge.claims, signedBy: key, other)) == "algorithm_not_allowed", "\(other)")
        }
    }

    /// The classic: the public key, which anybody has, taken for a secret (RFC 8725 §2.1).
    @Test(arguments: SignatureAlgorithm.allCases.filter { $0.family != .hmac }) func confused(_ algorithm: SignatureAlgorithm) throws {
        let forge = try TokenForge(algorithm)
        let published = try #require(forge.key.publicJWK)
        let pem = try forge.key.publicPEM()
        for secret in [Array(pem.utf8), Array(pem.utf8.dropLast()), published.json.bytes] {
            for hmac in [SignatureAlgorithm.HS256, .HS384, .HS512] {
                let key = try SigningKey(JSONWebKey(.secret(secret)))
                let header = Array(#"{"alg":"\#(hmac.rawValue)","kid":"k1"}"#.utf8)
                #expect(forge.outcome(try forge.assemble(header, forge.claims, signedBy: key, hmac)) == "algorithm_not_allowed")
            }
        }
    }
}
