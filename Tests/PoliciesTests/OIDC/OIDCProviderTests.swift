import GatewayCore
import Identity
import Primitives
import Testing

@testable import Policies

@Suite struct OIDCProviderTests {
    private static let attempt = LoginAttempt(provider: "p", state: "s", nonce: "n", verifier: "v", returnTo: "/", started: 0)
    private static let now = 1000

    private static func claims(_ change: (inout JSONObject) -> Void = { _ in }) -> JSON {
        var claims: JSONObject = [
            "iss": .string(ProviderStandIn.issuer), "aud": "gate", "sub": "ann", "exp": 1600, "iat": 1000, "nonce": "n", "email": "a@b",
        ]
        change(&claims)
        return .object(claims)
    }

    private static func tokens(_ id: String, refresh: JSON? = "r1") -> JSON {
        var object: JSONObject = ["access_token": "a1", "expires_in": 300, "id_token": .string(id)]
        object["refresh_token"] = refresh
        return .object(object)
    }

    private func failure(_ body: () async throws -> OIDCSession) async -> OIDCProvider.TokenError? {
        do {
            _ = try await body()
            return nil
        } catch {
            return error as? OIDCProvider.TokenError
        }
    }

    private func session(_ standIn: ProviderStandIn) async throws -> OIDCSession {
        standIn.answer(Self.tokens(try JSONWebToken.make(claims: Self.claims(), key: standIn.key)))
        return try await standIn.provider().redeem("c", Self.attempt, redirectURI: "https://app/cb", now: Self.now, on: nil)
    }

    @Test func aCodeBecomesASession() async throws {
        let standIn = try ProviderStandIn(), session = try await session(standIn)
        #expect(session.subject == "ann" && session.claims == ["sub": "ann", "email": "a@b"] && session.started == 1000)
        #expect(session.accessToken == "a1" && session.accessExpires == 1300 && session.refreshToken == "r1")
        let asked = try #require(standIn.asked("/token").first), form = try #require(FormFields(parsing: String(decoding: asked.body, as: UTF8.self)))
        #expect(form["grant_type"] == "authorization_code" && form["code"] == "c" && form["code_verifier"] == "v")
        #expect(form["redirect_uri"] == "https://app/cb" && form["client_id"] == nil && form["client_secret"] == nil)
        // Encoded before they are joined (RFC 6749 §2.3.1): gate:s%26cret.
        #expect(asked.headers.contains { $0.name == "authorization" && $0.value == "Basic Z2F0ZTpzJTI2Y3JldA==" })
    }

    @Test func aPublicClientNamesItself() async throws {
        let standIn = try ProviderStandIn()
        standIn.answer(Self.tokens(try JSONWebToken.make(claims: Self.claims(), key: standIn.key)))
        _ = try await standIn.provider(secret: nil).redeem("c", Self.attempt, redirectURI: "https://app/cb", now: Self.now, on: nil)
        let asked = try #require(standIn.asked("/token").first)
        #expect(FormFields(parsing: String(decoding: asked.body, as: UTF8.self))?["client_id"] == "gate")
        #expect(!asked.headers.contains { $0.name == "authorization" })
    }

    static let flaws: [(String, JSON?, OIDCProvider.TokenError)] = [
        ("nonce", "m", .strangeNonce), ("nonce", nil, .strangeNonce), ("iss", "https://evil.example", .untrusted(.issuer)),
        ("iss", nil, .untrusted(.claimMissing("iss"))), ("aud", "other", .untrusted(.audience)), ("aud", nil, .untrusted(.claimMissing("aud"))),
        ("sub", nil, .untrusted(.claimMissing("sub"))), ("exp", 990, .untrusted(.expired)), ("exp", nil, .untrusted(.claimMissing("exp"))),
        ("iat", 1011, .untrusted(.issuedInFuture)), ("iat", nil, .untrusted(.claimMissing("iat"))), ("azp", "other", .untrusted(.claimValue("azp"))),
    ]

    @Test(arguments: flaws) func idTokensThatAreNotBelieved(claim: String, value: JSON?, error: OIDCProvider.TokenError) async throws {
        let standIn = try ProviderStandIn(), provider = try standIn.provider()
        standIn.answer(Self.tokens(try JSONWebToken.make(claims: Self.claims { $0[claim] = value }, key: standIn.key)))
        #expect(await failure { try await provider.redeem("c", Self.attempt, redirectURI: "u", now: Self.now, on: nil) } == error)
    }

    @Test func signaturesThatAreNotBelieved() async throws {
        let standIn = try ProviderStandIn(), provider = try standIn.provider(), good = try JSONWebToken.make(claims: Self.claims(), key: standIn.key)
        let parts = good.split(separator: ".").map(String.init)
        let other = try JSONWebToken.make(claims: Self.claims(), key: try ProviderStandIn.key("k1"))
        let none = Base64URL.encode(Array(#"{"alg":"none"}"#.utf8)) + ".\(parts[1])."
        for token in [other, none, "\(parts[0]).\(parts[1]).", "\(parts[0]).\(parts[1])", "", "a.b.c"] {
            standIn.answer(Self.tokens(token))
            let error = await failure { try await provider.redeem("c", Self.attempt, redirectURI: "u", now: Self.now, on: nil) }
            guard case .untrusted = error else {
                Issue.record("\(token): \(String(describing: error))")
                continue
            }
        }
    }

    @Test func aNewKeyIsFetchedOnceInAWhile() async throws {
        let standIn = try ProviderStandIn(), provider = try standIn.provider()
        standIn.answer(Self.tokens(try JSONWebToken.make(claims: Self.claims(), key: standIn.key)))
        _ = try await provider.redeem("c", Self.attempt, redirectURI: "u", now: 1000, on: nil)
        let next = try ProviderStandIn.key("k2")
        standIn.answer(Self.tokens(try JSONWebToken.make(claims: Self.claims(), key: next)))
        // Not published, and asked for once.
        for now in [1060, 1061, 1062] {
            #expect(await failure { try await provider.redeem("c", Self.attempt, redirectURI: "u", now: now, on: nil) } == .untrusted(.keyUnknown))
        }
        #expect(standIn.asked("/jwks").count == 2)
        standIn.replaceKeys(by: next)
        #expect(try await provider.redeem("c", Self.attempt, redirectURI: "u", now: 1120, on: nil).subject == "ann")
        #expect(standIn.asked("/jwks").count == 3)
    }

    @Test func answersOfTheTokenEndpoint() async throws {
        let standIn = try ProviderStandIn(), provider = try standIn.provider()
        let cases: [(Int, JSON?, OIDCProvider.TokenError)] = [
            (400, ["error": "invalid_grant"], .refused("invalid_grant")), (401, ["error": "invalid_client"], .refused("invalid_client")),
            (500, ["error": "server_error"], .unavailable), (400, [:], .unavailable), (200, [:], .unavailable),
            (200, ["access_token": "a"], .unavailable),
            (200, nil, .unavailable), (302, [:], .unavailable),
        ]
        for (status, json, error) in cases {
            standIn.answer(json, status: status)
            #expect(await failure { try await provider.redeem("c", Self.attempt, redirectURI: "u", now: Self.now, on: nil) } == error)
        }
    }

    @Test func refreshing() async throws {
        let standIn = try ProviderStandIn(), before = try await session(standIn), provider = try standIn.provider()
        standIn.answer(["access_token": "a2", "expires_in": "60"])
        let kept = try await provider.refresh(before, now: 1200, on: nil)
        #expect(kept.accessToken == "a2" && kept.refreshToken == "r1" && kept.accessExpires == 1260)
        #expect(kept.id == before.id && kept.claims == before.claims && kept.started == 1000 && kept.refreshKey != before.refreshKey)
        let claims = Self.claims {
            $0["nonce"] = nil
            $0["email"] = "c@d"
        }
        standIn.answer(Self.tokens(try JSONWebToken.make(claims: claims, key: standIn.key), refresh: "r2"))
        let changed = try await provider.refresh(kept, now: 1200, on: nil)
        #expect(changed.refreshToken == "r2" && changed.claims["email"] == "c@d")
        standIn.answer(Self.tokens(try JSONWebToken.make(claims: Self.claims { $0["sub"] = "eve" }, key: standIn.key)))
        #expect(await failure { try await provider.refresh(before, now: 1200, on: nil) } == .refused("another subject"))
        standIn.answer(nil)
        #expect(await failure { try await provider.refresh(before, now: 1200, on: nil) } == .unavailable)
    }

    @Test func logoutTokens() async throws {
        let standIn = try ProviderStandIn(), provider = try standIn.provider()
        func token(_ header: JSONObject = ["typ": "logout+jwt"], _ change: (inout JSONObject) -> Void = { _ in }) throws -> String {
            let claims = Self.claims {
                $0["nonce"] = nil
                $0["jti"] = "1"
                $0["sid"] = "s"
                $0["events"] = ["http://schemas.openid.net/event/backchannel-logout": [:]]
                change(&$0)
            }
            return try JSONWebToken.make(claims: claims, header: header, key: standIn.key)
        }
        #expect(try await provider.verify(logoutToken: try token(), now: 1000, on: nil)["sid"] == "s")
        #expect(try await provider.verify(logoutToken: try token(["typ": "JWT"]) { $0["exp"] = nil }, now: 1000, on: nil)["sub"] == "ann")
        let changes: [(inout JSONObject) -> Void] = [
            { $0["events"] = nil }, { $0["events"] = [:] }, { $0["events"] = ["http://schemas.openid.net/event/backchannel-logout": 1] },
            { $0["nonce"] = "n" }, { $0["jti"] = nil }, { $0["aud"] = "other" }, { $0["iss"] = "https://evil.example" }, { $0["iat"] = 600 },
            {
                $0["sub"] = nil
                $0["sid"] = nil
            },
        ]
        for change in changes {
            let token = try token(["typ": "logout+jwt"], change)
            await #expect(throws: OIDCProvider.TokenError.self) { try await provider.verify(logoutToken: token, now: 1000, on: nil) }
        }
        let access = try token(["typ": "at+jwt"])
        await #expect(throws: OIDCProvider.TokenError.self) { try await provider.verify(logoutToken: access, now: 1000, on: nil) }
    }

    @Test func whereBrowsersAreSent() async throws {
        let standIn = try ProviderStandIn(), session = try await session(standIn), provider = try standIn.provider()
        #expect(provider.logoutURL(session, returnTo: "https://app/") == nil)
        _ = await provider.metadata.value(now: 1000, on: nil)
        let metadata = try #require(provider.metadata.known)
        let sent = try provider.authorizationURL(Self.attempt, redirectURI: "https://app/cb", metadata)
        let challenge = try ProofKey.challenge(of: "v")
        #expect(
            sent == "https://id.example.com/authorize?response_type=code&client_id=gate&redirect_uri=https%3A%2F%2Fapp%2Fcb&scope=openid"
                + "&state=s&nonce=n&code_challenge=\(challenge)&code_challenge_method=S256&login_hint=a%40b")
        let url = try #require(provider.logoutURL(session, returnTo: "https://app/"))
        #expect(
            url.hasPrefix("https://id.example.com/logout?id_token_hint=")
                && url.hasSuffix("&client_id=gate&post_logout_redirect_uri=https%3A%2F%2Fapp%2F"))
    }
}
