import Identity
import Primitives
import Reactor
import Testing

@testable import Policies

@Suite struct FormGuardTests {
    private let secret = [UInt8](repeating: 3, count: 32)
    private func made(_ secret: [UInt8]? = nil) throws -> FormGuard {
        try FormGuard(secret: secret ?? self.secret, origin: "https://id.example.com", cookies: ServerCookies(isSecure: true))
    }

    private func altered(_ text: String) -> String { (text.hasPrefix("x") ? "y" : "x") + String(text.dropFirst()) }

    private func post(_ cookie: String?, _ token: String, origin: String? = "https://id.example.com") -> ServerRequest {
        var request = ServerRequest()
        request.cookies["__Host-sluice-form"] = cookie
        request.form = FormFields(parsing: "form_token=\(token)")
        request.origin = origin
        return request
    }

    @Test func aFormComesBackFromTheBrowserThatWasShownIt() throws {
        let guarding = try made(), (token, setCookie) = try guarding.token(ServerRequest(), for: "login")
        let set = try #require(setCookie)
        #expect(set.hasPrefix("__Host-sluice-form=") && set.hasSuffix("; Path=/; HttpOnly; SameSite=Lax; Secure"))
        let cookie = String(set.dropFirst("__Host-sluice-form=".count).prefix { $0 != ";" })
        #expect(guarding.accepts(post(cookie, token), for: "login") && guarding.accepts(post(cookie, token, origin: nil), for: "login"))
        #expect(!guarding.accepts(post(cookie, token), for: "consent"))
        #expect(!guarding.accepts(post(cookie, token, origin: "https://evil.example"), for: "login"))
        #expect(!guarding.accepts(post(cookie, token, origin: "null"), for: "login"))
        #expect(!guarding.accepts(post(nil, token), for: "login") && !guarding.accepts(post(altered(cookie), token), for: "login"))
        #expect(!guarding.accepts(post(cookie, altered(token)), for: "login"))
        let other = try made([UInt8](repeating: 4, count: 32))
        #expect(!other.accepts(post(cookie, token), for: "login"))
        // A browser that has its cookie keeps it.
        let again = try guarding.token(post(cookie, ""), for: "login")
        #expect(again.setCookie == nil && again.token == token)
        // One that somebody else has made up does not count.
        #expect(try guarding.token(post("made-up", ""), for: "login").setCookie != nil)
    }

    @Test func loginsAreSealed() throws {
        let seal = try CookieSeal(secrets: [secret], purpose: "login"), cookies = ServerCookies(isSecure: true)
        let session = LoginSession(subject: "ann", authTime: 100, id: "s"), set = try session.sealed(seal, cookies)
        var request = ServerRequest()
        request.cookies["__Host-sluice-login"] = String(set.dropFirst("__Host-sluice-login=".count).prefix { $0 != ";" })
        func read(_ now: Int) -> LoginSession? {
            request.now = now
            return LoginSession(request, seal, cookies, lifetime: 50)
        }
        #expect(read(100) == session && read(149) == session && read(150) == nil && read(99) == nil)
        request.cookies["__Host-sluice-login"] = "x"
        #expect(read(100) == nil)
    }

    @Test func attemptsRunOut() {
        let throttle = LoginThrottle(attempts: 3, window: .seconds(60))
        func request(_ address: UInt32, seconds: Int = 0) -> ServerRequest {
            var request = ServerRequest()
            request.address = IPAddress(v4: address)
            request.instant = Instant(nanoseconds: .seconds(1000 + seconds))
            request.wall = .seconds(1_000_000 + seconds)
            return request
        }
        for _ in 0..<3 {
            #expect(throttle.mayTry("ann", from: request(1)))
            throttle.hasFailed("ann", from: request(1))
        }
        #expect(!throttle.mayTry("ann", from: request(1)) && !throttle.mayTry("ANN", from: request(1)))
        #expect(throttle.mayTry("bob", from: request(1)) && throttle.mayTry("ann", from: request(2)))
        #expect(throttle.mayTry("ann", from: request(1, seconds: 60)))
        // Many names from one address, and one name from many.
        for i in 0..<9 { throttle.hasFailed("user\(i)", from: request(1)) }
        #expect(!throttle.mayTry("bob", from: request(1)) && throttle.mayTry("bob", from: request(2)))
        for i in 0..<27 { throttle.hasFailed("ann", from: request(100 + UInt32(i))) }
        #expect(!throttle.mayTry("ann", from: request(2)) && throttle.mayTry("bob", from: request(2)))
        for _ in 0..<24 { #expect(throttle.mayBegin(from: request(5))) }
        #expect(!throttle.mayBegin(from: request(5)) && throttle.mayBegin(from: request(6)))
    }

    @Test(
        arguments: [
            ("/auth/token", Endpoint.token), ("/auth/.well-known/openid-configuration", .openIDConfiguration),
            ("/.well-known/oauth-authorization-server/auth", .metadata), ("/token", nil), ("/auth/token/", nil), ("/auth", nil), ("/authtoken", nil),
            ("/.well-known/openid-configuration", nil),
        ] as [(String, Endpoint?)])
    func endpointsAreBelowTheIssuersPath(path: String, endpoint: Endpoint?) {
        let paths = EndpointPaths(issuer: "https://id.example.com/auth", origin: "https://id.example.com", path: "/auth", isSecure: true)
        #expect(path.withView { paths.endpoint(at: $0) } == endpoint)
    }
}
