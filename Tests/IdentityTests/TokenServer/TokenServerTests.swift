import Primitives
import Testing

@testable import Identity

@Suite struct TokenServerTests {
    private static let verifier = String(repeating: "v", count: 43)
    private static let uri = "https://app.example.com/cb"

    /// A server of one user, an app, a service and an API, whose keys are quick to make.
    struct Rig {
        let server: TokenServer
        let store: any GrantStore
        var app: OAuthClient { get throws { try server.authenticate(client: "app", secret: "app-secret") } }
        var tv: OAuthClient { get throws { try server.authenticate(client: "tv", secret: nil) } }
        var api: OAuthClient { get throws { try server.authenticate(client: "api", secret: "api-secret") } }

        init(store: any GrantStore = MemoryGrantStore(), _ change: (inout TokenServerSettings) -> Void = { _ in }) throws {
            var settings = TokenServerSettings(issuer: "https://id.example.com", audience: ["https://api.example.com"])
            settings.algorithm = .ES256
            settings.refresh = RefreshGrant.Rules(idle: 1000, total: 5000)
            change(&settings)
            func secret(_ text: String) throws -> [[UInt8]] { [try Digest.sha256(Array("old".utf8)), try Digest.sha256(Array(text.utf8))] }
            let clients = [
                OAuthClient(
                    id: "app", name: "App", secrets: try secret("app-secret"), grants: [.authorizationCode, .refreshToken, .clientCredentials],
                    redirectURIs: [try RedirectURI(parsing: TokenServerTests.uri)],
                    scopes: ScopeList(["openid", "email", "a", "b", "offline_access"])),
                OAuthClient(id: "tv", name: "TV", secrets: [], grants: [.deviceCode, .refreshToken], scopes: ScopeList(["a"])),
                OAuthClient(
                    id: "api", name: "API", secrets: try secret("api-secret"), grants: [], scopes: ScopeList(), introspects: true),
                OAuthClient(
                    id: "other", name: "Other", secrets: try secret("other-secret"), grants: [.refreshToken, .authorizationCode],
                    scopes: ScopeList(["a"])),
            ]
            let user = OAuthUser(
                subject: "u1", username: "ann",
                password: try PasswordHash(parsing: "$2b$10$cgT08pfGUo9SUIIvXrIJ1uSXp0VJmOIKgEC6vqGvqRddK4Z3JB28G"),
                groups: ["staff"], claims: ["email": "ann@example.com", "name": "Ann"])
            self.store = store
            server = TokenServer(settings, clients: clients, users: [user], store: store)
        }

        func code(_ scopes: String = "openid email a", now: Int, session: String? = "s1") throws -> String {
            let subject = GrantSubject(
                client: "app", user: "u1", scopes: try #require(ScopeList(parsing: scopes)), authTime: 50, session: session, nonce: "n1")
            return try server.code(for: subject, redirectURI: TokenServerTests.uri, challenge: try ProofKey.challenge(of: verifier), now: now)
        }

        func tokens(_ scopes: String = "openid email a", now: Int) throws -> IssuedTokens {
            try server.redeem(code: try code(scopes, now: now), try app, redirectURI: uri, verifier: verifier, now: now)
        }

        func isActive(_ token: String, now: Int) throws -> Bool {
            try server.introspect(token, try api, now: now)["active"] == true
        }
    }

    private func code(_ body: () throws -> Void) -> OAuthError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? OAuthError)?.code
        }
    }

    private func claims(_ token: String?) throws -> (header: TokenHeader, claims: JSONObject) {
        let signed = try SignedToken(parsing: try #require(token))
        return (signed.header, try signed.claims())
    }

    @Test func clientsAuthenticate() throws {
        let server = try Rig().server
        for secret in ["old", "app-secret"] { #expect(try server.authenticate(client: "app", secret: secret).id == "app") }
        for (id, secret) in [("app", nil), ("app", ""), ("app", "api-secret"), ("nobody", "x"), (nil, nil), ("tv", "x")] as [(String?, String?)] {
            #expect(code { _ = try server.authenticate(client: id, secret: secret) } == .invalidClient)
        }
    }

    @Test func clientCredentials() throws {
        let rig = try Rig()
        let tokens = try rig.server.clientCredentials(try rig.app, scope: "a b", now: 100)
        #expect(tokens.refresh == nil && tokens.id == nil && tokens.scopes.text == "a b" && tokens.lifetime == 600)
        let (header, claims) = try claims(tokens.access)
        #expect(header.type == "at+jwt" && header.algorithm == "ES256")
        #expect(claims["iss"] == "https://id.example.com" && claims["aud"] == "https://api.example.com")
        #expect(claims["sub"] == "app" && claims["client_id"] == "app" && claims["scope"] == "a b")
        #expect(claims["iat"] == 100 && claims["exp"] == 700 && claims["jti"]?.string?.isEmpty == false)
        #expect(try rig.server.clientCredentials(try rig.app, scope: nil, now: 100).scopes.text == "email a b")
        #expect(code { _ = try rig.server.clientCredentials(try rig.app, scope: "c", now: 100) } == .invalidScope)
        #expect(code { _ = try rig.server.clientCredentials(try rig.tv, scope: nil, now: 100) } == .unauthorizedClient)
    }

    @Test func codes() throws {
        let rig = try Rig()
        let tokens = try rig.tokens(now: 100)
        let (_, access) = try claims(tokens.access), (_, id) = try claims(tokens.id)
        #expect(access["sub"] == "u1" && access["client_id"] == "app" && access["auth_time"] == 50 && access["groups"] == ["staff"])
        #expect(access["email"] == nil)
        #expect(id["sub"] == "u1" && id["aud"] == "app" && id["nonce"] == "n1" && id["sid"] == "s1" && id["email"] == "ann@example.com")
        #expect(id["name"] == nil && id["groups"] == nil)
        #expect(tokens.refresh != nil)
        #expect(try rig.tokens("a", now: 100).id == nil)
    }

    @Test func aCodeThatComesTwiceTakesItsTokensBack() throws {
        let rig = try Rig(), code = try rig.code(now: 100)
        let tokens = try rig.server.redeem(code: code, try rig.app, redirectURI: Self.uri, verifier: Self.verifier, now: 101)
        #expect(try rig.isActive(tokens.access, now: 102))
        #expect(
            self.code { _ = try rig.server.redeem(code: code, try rig.app, redirectURI: Self.uri, verifier: Self.verifier, now: 300) }
                == .invalidGrant)
        #expect(try !rig.isActive(tokens.access, now: 301))
        #expect(self.code { _ = try rig.server.refresh(tokens.refresh ?? "", try rig.app, scope: nil, now: 301) } == .invalidGrant)
    }

    @Test func codesThatCountForNothing() throws {
        let rig = try Rig(), code = try rig.code(now: 100)
        let other = try rig.server.authenticate(client: "other", secret: "other-secret")
        #expect(
            self.code { _ = try rig.server.redeem(code: "x", try rig.app, redirectURI: Self.uri, verifier: Self.verifier, now: 100) } == .invalidGrant
        )
        #expect(self.code { _ = try rig.server.redeem(code: code, other, redirectURI: Self.uri, verifier: Self.verifier, now: 100) } == .invalidGrant)
        #expect(
            self.code { _ = try rig.server.redeem(code: code, try rig.tv, redirectURI: Self.uri, verifier: Self.verifier, now: 100) }
                == .unauthorizedClient)
        #expect(
            self.code { _ = try rig.server.redeem(code: code, try rig.app, redirectURI: Self.uri, verifier: Self.verifier, now: 160) }
                == .invalidGrant)
    }

    @Test func refreshing() throws {
        let rig = try Rig(), first = try rig.tokens(now: 100)
        let second = try rig.server.refresh(try #require(first.refresh), try rig.app, scope: nil, now: 200)
        #expect(second.refresh != first.refresh && second.scopes == first.scopes && second.id != nil)
        // Fewer scopes for these tokens alone.
        let third = try rig.server.refresh(try #require(second.refresh), try rig.app, scope: "a", now: 300)
        #expect(third.scopes.text == "a" && third.id == nil)
        #expect(code { _ = try rig.server.refresh(third.refresh ?? "", try rig.app, scope: "a b", now: 301) } == .invalidScope)
        #expect(code { _ = try rig.server.refresh(third.refresh ?? "", try rig.app, scope: "\"", now: 301) } == .invalidScope)
        let fourth = try rig.server.refresh(try #require(third.refresh), try rig.app, scope: nil, now: 302)
        #expect(fourth.scopes == first.scopes)
        // The one that was replaced comes again.
        #expect(code { _ = try rig.server.refresh(first.refresh ?? "", try rig.app, scope: nil, now: 303) } == .invalidGrant)
        #expect(code { _ = try rig.server.refresh(fourth.refresh ?? "", try rig.app, scope: nil, now: 304) } == .invalidGrant)
        #expect(try !rig.isActive(fourth.access, now: 304))
        #expect(code { _ = try rig.server.refresh("no token", try rig.app, scope: nil, now: 304) } == .invalidGrant)
    }

    @Test func refreshTokensAreForTheirClient() throws {
        let rig = try Rig(), tokens = try rig.tokens(now: 100)
        let other = try rig.server.authenticate(client: "other", secret: "other-secret")
        #expect(code { _ = try rig.server.refresh(tokens.refresh ?? "", other, scope: nil, now: 101) } == .invalidGrant)
        #expect(try rig.server.refresh(try #require(tokens.refresh), try rig.app, scope: nil, now: 102).refresh != nil)
    }

    @Test func devices() throws {
        let rig = try Rig(), server = rig.server
        let device = try server.authorizeDevice(try rig.tv, scope: "a", now: 100)
        #expect(device.interval == 5 && device.lifetime == 600)
        #expect(code { _ = try server.redeem(deviceCode: device.deviceCode, try rig.tv, now: 101) } == .authorizationPending)
        #expect(code { _ = try server.redeem(deviceCode: device.deviceCode, try rig.tv, now: 102) } == .slowDown)
        #expect(try server.device(userCode: "XXXX-XXXX", now: 103) == nil)
        #expect(try server.device(userCode: device.userCode.lowercased(), now: 103)?.client == "tv")
        let subject = GrantSubject(client: "tv", user: "u1", scopes: ScopeList(["a"]), authTime: 50)
        #expect(try server.decideDevice(userCode: device.userCode, subject, now: 104))
        #expect(try !server.decideDevice(userCode: device.userCode, subject, now: 104))
        #expect(try server.device(userCode: device.userCode, now: 104) == nil)
        let tokens = try server.redeem(deviceCode: device.deviceCode, try rig.tv, now: 120)
        #expect(tokens.refresh != nil && tokens.id == nil && tokens.scopes.text == "a")
        #expect(code { _ = try server.redeem(deviceCode: device.deviceCode, try rig.tv, now: 130) } == .invalidGrant)
        #expect(code { _ = try server.redeem(deviceCode: "x", try rig.tv, now: 130) } == .invalidGrant)
        let late = try server.authorizeDevice(try rig.tv, scope: nil, now: 100)
        #expect(code { _ = try server.redeem(deviceCode: late.deviceCode, try rig.tv, now: 700) } == .expiredToken)
        #expect(code { _ = try server.authorizeDevice(try rig.app, scope: nil, now: 100) } == .unauthorizedClient)
    }

    @Test func revocation() throws {
        let rig = try Rig(), tokens = try rig.tokens(now: 100), mine = try rig.server.clientCredentials(try rig.app, scope: "a", now: 100)
        // Another client's word counts for nothing, and neither does a token that is none.
        for token in [tokens.access, tokens.refresh ?? "", "nonsense", ""] { try rig.server.revoke(token, try rig.api, now: 101) }
        #expect(try rig.isActive(tokens.access, now: 101))
        try rig.server.revoke(mine.access, try rig.app, now: 102)
        #expect(try !rig.isActive(mine.access, now: 102))
        #expect(try rig.isActive(tokens.access, now: 102))
        try rig.server.revoke(try #require(tokens.refresh), try rig.app, now: 103)
        #expect(try !rig.isActive(tokens.access, now: 103))
        #expect(try !rig.isActive(tokens.refresh ?? "", now: 103))
        #expect(code { _ = try rig.server.refresh(tokens.refresh ?? "", try rig.app, scope: nil, now: 104) } == .invalidGrant)
    }

    @Test func introspection() throws {
        let rig = try Rig(), tokens = try rig.tokens(now: 100)
        let seen = try rig.server.introspect(tokens.access, try rig.api, now: 101)
        #expect(seen["active"] == true && seen["username"] == "ann" && seen["sub"] == "u1" && seen["client_id"] == "app")
        #expect(seen["scope"] == "openid email a" && seen["exp"] == 700 && seen["token_type"] == "Bearer")
        #expect(try rig.server.introspect(tokens.refresh ?? "", try rig.api, now: 101)["exp"] == 1100)
        #expect(try rig.server.introspect(tokens.access, try rig.app, now: 101)["active"] == true)
        let other = try rig.server.authenticate(client: "other", secret: "other-secret")
        let inactive: JSON = ["active": false]
        for token in [tokens.access, tokens.refresh ?? ""] { #expect(try rig.server.introspect(token, other, now: 101) == inactive) }
        #expect(try rig.server.introspect(tokens.access, try rig.api, now: 700) == inactive)
        for token in ["", "a.b.c", tokens.id ?? "", tokens.access + "x", String(tokens.access.dropLast(4))] {
            #expect(try rig.server.introspect(token, try rig.api, now: 101) == inactive)
        }
        #expect(code { _ = try rig.server.introspect(tokens.access, try rig.tv, now: 101) } == .invalidClient)
        // Another server's token, though it says that it is of this one.
        let strange = try Rig().tokens(now: 100)
        #expect(try rig.server.introspect(strange.access, try rig.api, now: 101) == inactive)
    }

    @Test func keysAreReplaced() throws {
        let rig = try Rig { settings in
            settings.keyRotation = 10_000
            settings.keyAhead = 1000
        }
        let first = try #require(try rig.server.keys.signingKey(now: 0).kid)
        func kids(_ now: Int) throws -> [String?] { try rig.server.keys.publicKeys(now: now).keys.map(\.kid) }
        #expect(try kids(8_999) == [first])
        #expect(try kids(9_000).count == 2)
        #expect(try rig.server.keys.signingKey(now: 9_000).kid == first)
        let old = try rig.tokens(now: 9_990)
        let second = try rig.server.keys.signingKey(now: 10_000).kid
        #expect(second != first)
        #expect(try Set(kids(10_000)) == [first, second])
        #expect(try rig.isActive(old.access, now: 10_500))
        #expect(try kids(10_700) == [second])
        #expect(try rig.server.keys.publicKeys(now: 0).keys.allSatisfy { !$0.material.isPrivate && $0.use == "sig" && $0.algorithm == "ES256" })
    }

    @Test func anotherServerOnTheSameStoreGoesOn() throws {
        let store = MemoryGrantStore(), before = try Rig(store: store), tokens = try before.tokens(now: 100)
        let after = try Rig(store: store)
        #expect(try after.server.keys.signingKey(now: 101).kid == before.server.keys.signingKey(now: 101).kid)
        #expect(try after.isActive(tokens.access, now: 101))
        #expect(try after.server.refresh(try #require(tokens.refresh), try after.app, scope: nil, now: 101).refresh != nil)
        #expect(try after.server.secret("x", now: 5) == before.server.secret("x", now: 9))
        #expect(try before.server.secret("y", now: 5).count == 43)
    }

    @Test func consentIsRemembered() throws {
        let server = try Rig().server
        #expect(try server.consent(user: "u1", client: "app", now: 0).isEmpty)
        try server.remember(consent: ScopeList(["a"]), user: "u1", client: "app", now: 0)
        try server.remember(consent: ScopeList(["b"]), user: "u1", client: "app", now: 1000)
        #expect(try server.consent(user: "u1", client: "app", now: 5_999).text == "a b")
        #expect(try server.consent(user: "u1", client: "app", now: 6_000).isEmpty)
        #expect(try server.consent(user: "u1", client: "tv", now: 0).isEmpty)
        #expect(try server.consent(user: "u", client: "1app", now: 0).isEmpty)
    }

    @Test func loggingOutEndsWhatWasGrantedMeanwhile() throws {
        let rig = try Rig(), tokens = try rig.tokens(now: 100), lasting = try rig.tokens("openid offline_access", now: 100)
        #expect(try rig.server.end(session: "s2", now: 101).isEmpty)
        #expect(try rig.isActive(tokens.access, now: 101))
        let told = try rig.server.end(session: "s1", now: 101)
        let (header, logout) = try claims(told["app"])
        #expect(told.count == 1 && header.type == "logout+jwt" && logout["sid"] == "s1" && logout["sub"] == "u1" && logout["aud"] == "app")
        #expect(logout["events"]?["http://schemas.openid.net/event/backchannel-logout"] == [:] && logout["nonce"] == nil)
        #expect(try !rig.isActive(tokens.access, now: 101))
        #expect(try rig.isActive(lasting.access, now: 101))
    }

    @Test func aFullStoreIsTheServersTrouble() throws {
        let rig = try Rig(store: MemoryGrantStore(most: 2))
        _ = try rig.code(now: 100)
        _ = try rig.code(now: 100)
        #expect(code { _ = try rig.code(now: 100) } == .temporarilyUnavailable)
    }
}
