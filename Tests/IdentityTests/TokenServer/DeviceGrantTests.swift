import Primitives
import Testing

@testable import Identity

@Suite struct DeviceGrantTests {
    private static let subject = GrantSubject(client: "tv", user: "ann", scopes: ScopeList(["a"]), authTime: 90)
    private func begun() -> DeviceGrant { DeviceGrant(client: "tv", scopes: ScopeList(["a"]), userCode: "BCDF-GHJK", expires: 700, interval: 5) }

    private func code(_ outcome: DeviceGrant.Outcome) -> OAuthError.Code? {
        if case .refused(let error) = outcome { error.code } else { nil }
    }

    @Test func waitsForThePerson() {
        var grant = begun()
        #expect(code(grant.poll(client: "tv", now: 100)) == .authorizationPending)
        #expect(code(grant.poll(client: "tv", now: 105)) == .authorizationPending)
        #expect(grant.decide(Self.subject, now: 107) == true)
        #expect(grant.poll(client: "tv", now: 108) == .granted(Self.subject))
        #expect(code(grant.poll(client: "tv", now: 113)) == .invalidGrant)
    }

    /// RFC 8628 §3.5: the interval grows by five seconds, for this and all later requests.
    @Test func slowsDown() {
        var grant = begun()
        #expect(code(grant.poll(client: "tv", now: 100)) == .authorizationPending)
        #expect(code(grant.poll(client: "tv", now: 101)) == .slowDown)
        #expect(grant.interval == 10)
        #expect(code(grant.poll(client: "tv", now: 107)) == .slowDown)
        #expect(grant.interval == 15)
        #expect(code(grant.poll(client: "tv", now: 122)) == .authorizationPending)
        #expect(grant.interval == 15)
        // A clock that is cut off to seconds makes five look like four.
        var exact = begun()
        _ = exact.poll(client: "tv", now: 100)
        #expect(code(exact.poll(client: "tv", now: 104)) == .authorizationPending)
    }

    @Test func refusing() {
        var grant = begun()
        #expect(grant.decide(nil, now: 100) == true)
        #expect(grant.decide(Self.subject, now: 101) == false)
        #expect(code(grant.poll(client: "tv", now: 102)) == .accessDenied)
        #expect(code(grant.poll(client: "tv", now: 103)) == .accessDenied)
    }

    @Test func expires() {
        var grant = begun()
        #expect(code(grant.poll(client: "tv", now: 700)) == .expiredToken)
        #expect(grant.decide(Self.subject, now: 700) == false)
        var approved = begun()
        #expect(approved.decide(Self.subject, now: 699) == true)
        #expect(code(approved.poll(client: "tv", now: 700)) == .expiredToken)
    }

    @Test func anotherClientLearnsNothing() {
        var grant = begun()
        _ = grant.decide(Self.subject, now: 100)
        #expect(code(grant.poll(client: "evil", now: 101)) == .invalidGrant)
        #expect(grant.poll(client: "tv", now: 101) == .granted(Self.subject))
    }

    @Test func isStored() throws {
        var grant = begun()
        _ = grant.poll(client: "tv", now: 100)
        _ = grant.poll(client: "tv", now: 101)
        #expect(DeviceGrant(try JSON.parse(grant.json.bytes)) == grant)
        var denied = grant
        _ = denied.decide(nil, now: 102)
        #expect(DeviceGrant(try JSON.parse(denied.json.bytes)) == denied)
        _ = grant.decide(Self.subject, now: 102)
        #expect(DeviceGrant(try JSON.parse(grant.json.bytes)) == grant)
        _ = grant.poll(client: "tv", now: 103)
        #expect(DeviceGrant(try JSON.parse(grant.json.bytes)) == grant)
        #expect(DeviceGrant(nil) == nil && DeviceGrant([:]) == nil)
    }

    @Test func userCodesAreReadHoweverTheyAreTyped() throws {
        let code = try UserCode.make()
        #expect(code.utf8.count == 9)
        let plain = code.replacing("-", with: "")
        for typed in [code, plain, code.lowercased(), " \(plain) "] { #expect(UserCode.normalised(typed) == plain) }
        for typed in ["", "BCDF-GHJ", "BCDF-GHJKL", "ABCD-FGHJ", "BCDF_GHJK", "BCDF-GHJ0"] { #expect(UserCode.normalised(typed) == nil) }
        #expect(Set(try (0..<100).map { _ in try UserCode.make() }).count == 100)
    }
}
