import GatewayCore
import Identity
import Primitives
import Testing

@testable import Policies

@Suite struct OIDCSessionTests {
    private func session(started: Int = 1000, expires: Int? = 1600, refresh: String? = "r") -> OIDCSession {
        OIDCSession(
            id: "1", provider: "p", claims: ["sub": "ann", "sid": "s"], started: started, accessToken: "a", accessExpires: expires,
            refreshToken: refresh, idToken: "i")
    }

    private func request(_ cookies: [String]) -> HeaderFields {
        let fields = HeaderFields()
        if !cookies.isEmpty { fields.append("cookie", cookies.joined(separator: "; ")) }
        return fields
    }

    /// What a browser sends back.
    private func pairs(_ set: [String]) -> [String] {
        set.filter { !$0.contains("Max-Age=0") }.map { String($0.prefix { $0 != ";" }) }
    }

    @Test(arguments: [
        (1000, OIDCSession.Condition.good), (1569, .good), (1570, .refresh(isAlive: true)), (1599, .refresh(isAlive: true)),
        (1600, .refresh(isAlive: false)), (4999, .refresh(isAlive: false)), (5000, .over), (939, .over), (940, .good),
    ])
    func conditions(now: Int, condition: OIDCSession.Condition) {
        #expect(session().condition(now: now, lifetime: 4000, ahead: 30) == condition)
    }

    @Test func whatCannotBeRefreshedLastsAsLongAsTheSession() {
        #expect(session(refresh: nil).condition(now: 4999, lifetime: 4000, ahead: 30) == .good)
        #expect(session(expires: nil).condition(now: 4999, lifetime: 4000, ahead: 30) == .good)
    }

    @Test func claimsOfTheTokenItselfAreNotKept() {
        #expect(
            OIDCSession.kept(["sub": "a", "iss": "x", "nonce": "n", "exp": 1, "email": "e", "sid": "s"]) == ["sub": "a", "email": "e", "sid": "s"])
    }

    @Test func isStored() throws {
        for session in [session(), session(expires: nil, refresh: nil)] {
            #expect(OIDCSession(try JSON.parse(session.json.bytes)) == session)
        }
        #expect(OIDCSession(["id": "1"]) == nil)
    }

    @Test(arguments: [true, false]) func cookiesHoldIt(isSecure: Bool) throws {
        let cookies = try SessionCookies("s", isSecure: isSecure, secrets: [[UInt8](repeating: 7, count: 32)], lifetime: 4000)
        let set = try #require(try cookies.set(session(), now: 1100, replacing: request([])))
        #expect(set.count == 1)
        #expect(set[0].hasPrefix(isSecure ? "__Host-s=1." : "s=1."))
        #expect(
            set[0].hasSuffix(isSecure ? "; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=3900" : "; Path=/; HttpOnly; SameSite=Lax; Max-Age=3900"))
        let fields = request(["other=1"] + pairs(set) + ["last=2"])
        #expect(cookies.open(try #require(cookies.sealed(fields))) == session())
        cookies.strip(fields, scratch: ByteBuffer())
        #expect(fields[.cookie]?.string == "other=1; last=2")
        #expect(cookies.sealed(fields) == nil)
    }

    @Test func aShorterSessionForgetsThePiecesOfALongerOne() throws {
        let cookies = try SessionCookies("s", isSecure: false, secrets: [[UInt8](repeating: 7, count: 32)], lifetime: 4000)
        var long = session()
        long.accessToken = String(repeating: "a", count: 8000)
        let set = try #require(try cookies.set(long, now: 1000, replacing: request([])))
        #expect(set.count == 3)
        let fields = request(pairs(set))
        #expect(cookies.open(try #require(cookies.sealed(fields))) == long)
        let shorter = try #require(try cookies.set(session(), now: 1000, replacing: fields))
        #expect(shorter.count == 3 && shorter[1...].allSatisfy { $0.hasSuffix("Max-Age=0") })
        #expect(cookies.forget(fields).count == 3)
        long.accessToken = String(repeating: "a", count: 20_000)
        #expect(try cookies.set(long, now: 1000, replacing: request([])) == nil)
    }

    @Test func attemptsAreKeptApartAndBounded() throws {
        let cookies = try SessionCookies("s", isSecure: false, secrets: [[UInt8](repeating: 7, count: 32)], lifetime: 4000)
        var sent: [String] = []
        var attempts: [LoginAttempt] = []
        for _ in 0..<7 {
            let attempt = try LoginAttempt.begin("p", returnTo: "/", now: 0)
            let set = try cookies.set(attempt, replacing: request(sent))
            let gone = set.filter { $0.contains("Max-Age=0") }.map { String($0.prefix { $0 != "=" }) }
            sent = sent.filter { cookie in !gone.contains { cookie.hasPrefix("\($0)=") } } + pairs(set)
            attempts.append(attempt)
        }
        #expect(sent.count == 5)
        let fields = request(sent)
        for attempt in attempts.suffix(5) { #expect(cookies.attempt(state: attempt.state, fields)?.attempt == attempt) }
        #expect(cookies.attempt(state: attempts[0].state, fields) == nil)
        // A session is not stripped of its attempts only: neither goes upstream.
        cookies.strip(fields, scratch: ByteBuffer())
        #expect(fields[.cookie] == nil)
    }

    @Test func anAttemptIsForItsStateAndForAWhile() throws {
        let attempt = try LoginAttempt.begin("p", returnTo: "/", now: 100)
        #expect(attempt.isGood(state: attempt.state, now: 999) && !attempt.isGood(state: attempt.state, now: 1000))
        #expect(!attempt.isGood(state: "", now: 100) && !attempt.isGood(state: attempt.state + "x", now: 100))
        #expect(LoginAttempt.tag(of: "../;=\"ab") == "ab" && LoginAttempt.tag(of: "").isEmpty)
        #expect(attempt.state != attempt.nonce && attempt.nonce != attempt.verifier)
    }

    @Test(arguments: [
        ("/", true), ("/a/b?c=d#e", true), ("", false), ("a", false), ("//a", false), ("/\\a", false), ("/a b", false), ("/a\r\nb", false),
        ("https://a", false), ("/é", false),
    ])
    func ownPaths(text: String, isOwn: Bool) { #expect(LoginAttempt.isOwnPath(text) == isOwn) }

    @Test func endedSessionsCountNoMore() {
        let ended = EndedSessions()
        #expect(!ended.contains(session()))
        ended.end(id: "2", now: 1500)
        ended.end(provider: "q", subject: "ann", session: "s", now: 1500)
        ended.end(provider: "p", subject: "ann", session: "t", now: 1500)
        #expect(!ended.contains(session()))
        ended.end(provider: "p", subject: "ann", session: "s", now: 1500)
        #expect(ended.contains(session()))
    }

    @Test func aSubjectsLaterSessionsCount() {
        let ended = EndedSessions()
        ended.end(provider: "p", subject: "ann", session: nil, now: 1500)
        #expect(ended.contains(session(started: 1500)) && !ended.contains(session(started: 1501)))
        let one = EndedSessions()
        one.end(id: "1", now: 0)
        #expect(one.contains(session()))
    }
}
