import Testing

@testable import Identity

@Suite struct ProofKeyTests {
    /// RFC 7636, appendix B.
    @Test func example() throws {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        #expect(try ProofKey.challenge(of: verifier) == challenge)
        #expect(ProofKey.isChallenge(challenge) && ProofKey.verifies(verifier, challenge: challenge))
        #expect(!ProofKey.verifies(String(verifier.dropLast()) + "l", challenge: challenge))
    }

    @Test func verifiersHaveALengthAndCharacters() throws {
        for verifier in [String(repeating: "a", count: 42), String(repeating: "a", count: 129), String(repeating: "a", count: 42) + "="] {
            let challenge = try ProofKey.challenge(of: verifier)
            #expect(!ProofKey.verifies(verifier, challenge: challenge))
        }
        let longest = String(repeating: "~", count: 128), challenge = try ProofKey.challenge(of: longest)
        #expect(ProofKey.verifies(longest, challenge: challenge))
        #expect(!ProofKey.isChallenge("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c") && !ProofKey.isChallenge(""))
    }

    @Test func verifiersAreRandom() throws {
        let (a, b) = (try ProofKey.verifier(), try ProofKey.verifier())
        let challenge = try ProofKey.challenge(of: a)
        #expect(a != b && a.utf8.count == 43 && ProofKey.verifies(a, challenge: challenge) && !ProofKey.verifies(b, challenge: challenge))
    }

    @Test(arguments: [("a b", ["a", "b"]), ("a  b a", ["a", "b"]), ("", []), (" a:/b.c ", ["a:/b.c"])] as [(String, [String])])
    func scopes(text: String, names: [String]) { #expect(ScopeList(parsing: text)?.names == names) }

    @Test(arguments: ["a\"b", "a\\b", "a\tb", "é", "a\u{7f}"])
    func noScopes(text: String) { #expect(ScopeList(parsing: text) == nil) }
}
