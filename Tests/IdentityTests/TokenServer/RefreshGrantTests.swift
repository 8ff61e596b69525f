import Primitives
import Testing

@testable import Identity

@Suite struct RefreshGrantTests {
    private static let subject = GrantSubject(client: "app", user: "ann", scopes: ScopeList(["a"]), authTime: 0)
    private static let rules = RefreshGrant.Rules(idle: 100, total: 250)

    @Test func eachUseReplacesTheToken() {
        var grant = RefreshGrant(subject: Self.subject, token: "1", now: 0)
        #expect(grant.rotate(client: "app", token: "1", next: "2", now: 10, Self.rules) == .granted(Self.subject))
        #expect(grant.rotate(client: "app", token: "2", next: "3", now: 20, Self.rules) == .granted(Self.subject))
        #expect(grant.isCurrent("3", now: 20, Self.rules) && !grant.isCurrent("2", now: 20, Self.rules))
    }

    @Test(arguments: ["1", "2", "never issued"])
    func aTokenThatWasReplacedRevokesTheGrant(token: String) {
        var grant = RefreshGrant(subject: Self.subject, token: "1", now: 0)
        _ = grant.rotate(client: "app", token: "1", next: "2", now: 10, Self.rules)
        _ = grant.rotate(client: "app", token: "2", next: "3", now: 20, Self.rules)
        #expect(grant.rotate(client: "app", token: token, next: "4", now: 21, Self.rules) == .reused)
        #expect(grant.isRevoked && !grant.isCurrent("3", now: 21, Self.rules))
        // The one who has the current one loses it too, whoever of the two is the thief.
        #expect(grant.rotate(client: "app", token: "3", next: "4", now: 22, Self.rules) == .refused)
    }

    @Test func anotherClientCanNeitherUseNorRevokeIt() {
        var grant = RefreshGrant(subject: Self.subject, token: "1", now: 0)
        #expect(grant.rotate(client: "evil", token: "1", next: "2", now: 10, Self.rules) == .refused)
        #expect(grant.rotate(client: "evil", token: "0", next: "2", now: 10, Self.rules) == .refused)
        #expect(grant.rotate(client: "app", token: "1", next: "2", now: 10, Self.rules) == .granted(Self.subject))
    }

    @Test func endsWithoutUseAndAfterAll() {
        var grant = RefreshGrant(subject: Self.subject, token: "1", now: 0)
        #expect(grant.expires(Self.rules) == 100)
        #expect(grant.rotate(client: "app", token: "1", next: "2", now: 99, Self.rules) == .granted(Self.subject))
        #expect(grant.expires(Self.rules) == 199)
        #expect(grant.rotate(client: "app", token: "2", next: "3", now: 198, Self.rules) == .granted(Self.subject))
        #expect(grant.expires(Self.rules) == 250)
        #expect(grant.rotate(client: "app", token: "3", next: "4", now: 250, Self.rules) == .refused)
        #expect(!grant.isRevoked)
        var idle = RefreshGrant(subject: Self.subject, token: "1", now: 0)
        #expect(idle.rotate(client: "app", token: "1", next: "2", now: 100, Self.rules) == .refused)
    }

    /// The answer got lost, so the client asks again with what it has.
    @Test func leewayIsForClientsThatNeverReceivedTheNewOne() {
        let rules = RefreshGrant.Rules(idle: 100, total: 250, leeway: 10)
        var grant = RefreshGrant(subject: Self.subject, token: "1", now: 0)
        #expect(grant.rotate(client: "app", token: "1", next: "2", now: 10, rules) == .granted(Self.subject))
        #expect(grant.rotate(client: "app", token: "1", next: "3", now: 19, rules) == .granted(Self.subject))
        #expect(grant.rotate(client: "app", token: "1", next: "4", now: 28, rules) == .granted(Self.subject))
        // What nobody has received is worth nothing.
        #expect(grant.rotate(client: "app", token: "3", next: "5", now: 29, rules) == .reused)
        var late = RefreshGrant(subject: Self.subject, token: "1", now: 0)
        _ = late.rotate(client: "app", token: "1", next: "2", now: 10, rules)
        #expect(late.rotate(client: "app", token: "1", next: "3", now: 20, rules) == .reused)
    }

    @Test func isStored() throws {
        var grant = RefreshGrant(subject: Self.subject, token: "1", now: 5)
        #expect(RefreshGrant(try JSON.parse(grant.json.bytes)) == grant)
        _ = grant.rotate(client: "app", token: "1", next: "2", now: 10, Self.rules)
        #expect(RefreshGrant(try JSON.parse(grant.json.bytes)) == grant)
        grant.revoke()
        #expect(RefreshGrant(try JSON.parse(grant.json.bytes)) == grant)
        #expect(RefreshGrant(["subject": [:]]) == nil && RefreshGrant(nil) == nil)
    }

    @Test func tokensHaveOneForm() throws {
        let token = try RefreshToken.make()
        #expect(RefreshToken(parsing: token.text) == token)
        #expect(try RefreshToken.make(grant: token.grant).grantID == token.grantID)
        #expect(try token.grantID != token.grant)
        for text in ["", ".", "a.b", token.text + "x", token.grant, token.text + ".x", String(token.text.dropLast())] {
            #expect(RefreshToken(parsing: text) == nil)
        }
    }
}
