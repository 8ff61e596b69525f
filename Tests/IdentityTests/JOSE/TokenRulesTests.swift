import Identity
import Primitives
import Testing

@Suite struct TokenRulesTests {
    private let rules: TokenRules = {
        var rules = TokenRules()
        rules.issuers = ["https://id.example", "https://other.example"]
        rules.audiences = ["orders", "stock"]
        rules.required = ["sub"]
        rules.values = [("role", ["admin", 7])]
        rules.scopes = ["read", "write"]
        rules.clockSkew = 10
        rules.mostAge = 600
        return rules
    }()

    @Test func cases() throws {
        let rows = try CaseFile.rows("JOSE/claims.tsv")
        #expect(rows.count >= 120)
        for row in rows {
            let claims = try #require(JSON.parse(row[0]).object)
            #expect(
                TokenRulesTests.outcome { () throws(TokenFlaw) in _ = try rules.check(claims, type: "JWT", now: 1500) } == row[1].text,
                "\(row[0].text)")
        }
    }

    @Test func endsWhenItExpiresOrGetsTooOld() throws {
        var rules = TokenRules()
        rules.clockSkew = 5
        #expect(try rules.check(["exp": 100], type: nil, now: 0) == 105)
        rules.mostAge = 30
        #expect(try rules.check(["exp": 100, "iat": 10], type: nil, now: 10) == 45)
        rules.requiresExpiry = false
        #expect(try rules.check(["iat": 10], type: nil, now: 10) == 45)
        rules.mostAge = nil
        #expect(try rules.check([:], type: nil, now: 10) == nil)
    }

    @Test func whatOnlyLooksTheSameIsAnother() throws {
        var rules = TokenRules()
        rules.requiresExpiry = false
        rules.issuers = ["Kim"]
        // The sign for kelvin, which strings take for a K.
        #expect(throws: TokenFlaw.issuer) { try rules.check(["iss": "\u{212a}im"], type: nil, now: 0) }
        rules.issuers = []
        rules.values = [("sub", ["Kim"])]
        #expect(throws: TokenFlaw.claimValue("sub")) { try rules.check(["sub": "\u{212a}im"], type: nil, now: 0) }
    }

    static func outcome(_ body: () throws(TokenFlaw) -> Void) -> String {
        do throws(TokenFlaw) { try body() } catch { return error.code }
        return "ok"
    }
}
