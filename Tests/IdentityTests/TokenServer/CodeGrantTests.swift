import Primitives
import Testing

@testable import Identity

@Suite struct CodeGrantTests {
    private static let verifier = String(repeating: "v", count: 43)
    private static let uri = "https://app.example.com/cb"

    private func issued() throws -> CodeGrant {
        let subject = GrantSubject(client: "app", user: "ann", scopes: ScopeList(["a"]), authTime: 90, session: "s", nonce: "n")
        return CodeGrant(subject: subject, redirectURI: Self.uri, challenge: try ProofKey.challenge(of: Self.verifier), expires: 160)
    }

    @Test func isGoodOnce() throws {
        var code = try issued()
        #expect(code.redeem(client: "app", redirectURI: Self.uri, verifier: Self.verifier, grant: "g", now: 159) == .granted(code.subject))
        #expect(code.state == .redeemed(grant: "g"))
        #expect(code.redeem(client: "app", redirectURI: Self.uri, verifier: Self.verifier, grant: "h", now: 159) == .replayed(grant: "g"))
        // However wrong the rest is: the code was seen by somebody.
        #expect(code.redeem(client: "app", redirectURI: nil, verifier: nil, grant: "h", now: 500) == .replayed(grant: "g"))
    }

    @Test func aTryThatFailsUsesItUp() throws {
        let tries: [(String?, String?, Int)] = [
            (Self.uri + "/", Self.verifier, 100), (nil, Self.verifier, 100), (Self.uri, nil, 100), (Self.uri, Self.verifier + "v", 100),
            (Self.uri, "", 100), (Self.uri, Self.verifier, 160),
        ]
        for (uri, verifier, now) in tries {
            var code = try issued()
            #expect(code.redeem(client: "app", redirectURI: uri, verifier: verifier, grant: "g", now: now) == .refused(CodeGrant.invalid))
            #expect(code.redeem(client: "app", redirectURI: Self.uri, verifier: Self.verifier, grant: "g", now: 100) == .refused(CodeGrant.invalid))
        }
    }

    @Test func anotherClientCanNeitherUseItNorUseItUp() throws {
        var code = try issued()
        #expect(code.redeem(client: "evil", redirectURI: Self.uri, verifier: Self.verifier, grant: "g", now: 100) == .refused(CodeGrant.invalid))
        #expect(code.redeem(client: "app", redirectURI: Self.uri, verifier: Self.verifier, grant: "g", now: 100) == .granted(code.subject))
        #expect(code.redeem(client: "evil", redirectURI: Self.uri, verifier: Self.verifier, grant: "g", now: 100) == .refused(CodeGrant.invalid))
    }

    @Test func isStored() throws {
        var code = try issued()
        #expect(CodeGrant(try JSON.parse(code.json.bytes)) == code)
        _ = code.redeem(client: "app", redirectURI: Self.uri, verifier: Self.verifier, grant: "g", now: 100)
        #expect(CodeGrant(try JSON.parse(code.json.bytes)) == code)
        var spent = try issued()
        _ = spent.redeem(client: "app", redirectURI: nil, verifier: nil, grant: "g", now: 100)
        #expect(CodeGrant(try JSON.parse(spent.json.bytes)) == spent && spent.state == .spent)
        for json in [nil, .null, [:], ["subject": [:]]] as [JSON?] { #expect(CodeGrant(json) == nil) }
    }
}
