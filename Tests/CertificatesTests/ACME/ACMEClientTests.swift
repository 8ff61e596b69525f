import Identity
import Primitives
import Testing

@testable import Certificates

@Suite struct ACMEClientTests {
    let authority = ScriptedAuthority()
    let clock = ManualClock()

    func makeClient(_ change: (inout IssuerSettings) -> Void = { _ in }) throws -> ACMEClient {
        var settings = IssuerSettings(name: "x", directory: "\(ScriptedAuthority.origin)/dir")
        settings.termsAgreed = true
        settings.contact = ["mailto:ops@a.test"]
        change(&settings)
        return ACMEClient(settings, key: try PrivateKey.make(.ecdsaP256), callouts: authority, clock: clock)
    }

    @Test func makesOneAccountAndSignsWithIt() async throws {
        let client = try makeClient()
        authority.answer("/order", .init(status: 201))
        _ = try await client.post("https://ca.test/order", [:])
        _ = try await client.post("https://ca.test/order", nil)
        let account = try #require(authority.requests(to: "/account").first)
        #expect(authority.requests(to: "/account").count == 1 && authority.requests(to: "/dir").count == 1)
        #expect(account.payload == ["termsOfServiceAgreed": true, "contact": ["mailto:ops@a.test"]])
        #expect(account.header["jwk"] == (try client.key.jwk()) && account.header["kid"] == nil && account.header["alg"] == "ES256")
        for order in authority.requests(to: "/order") { #expect(order.header["kid"] == "https://ca.test/account/1" && order.header["jwk"] == nil) }
        // One nonce was asked for; then each answer has brought the next.
        #expect(authority.requests(to: "/nonce").count == 1)
    }

    @Test func survivesRefusedNonces() async throws {
        let client = try makeClient()
        authority.refuseNonces(11)
        #expect(try await client.openAccount() == "https://ca.test/account/1")
        #expect(clock.slept.isEmpty, "the server has given new ones")
        client.account = nil
        authority.refuseNonces(12)
        await #expect(throws: ACMEError.self) { try await client.openAccount() }
    }

    @Test func triesAgainWhenTheNetworkFails() async throws {
        let client = try makeClient()
        authority.breakConnections(2)
        _ = try await client.openAccount()
        #expect(clock.slept == [1000, 2000])
        client.account = nil
        authority.breakConnections(3)
        await #expect(throws: ACMEError.connection("ca.test: broken off")) { try await client.openAccount() }
    }

    @Test func doesNotInsistOnWhatIsRefused() async throws {
        let client = try makeClient()
        authority.answer(
            "/order",
            .init(status: 429, body: ["type": "urn:ietf:params:acme:error:rateLimited", "detail": "slow down"], headers: [("Retry-After", "7200")]))
        do {
            _ = try await client.post("https://ca.test/order", [:])
            Issue.record("no error")
        } catch {
            #expect(error.description == "the authority refuses: rateLimited: slow down" && error.retryAfter == 7200)
        }
        #expect(authority.requests(to: "/order").count == 1)
        authority.answer("/order", .init(status: 503), .init(status: 201))
        _ = try await client.post("https://ca.test/order", [:])
        #expect(authority.requests(to: "/order").count == 3 && clock.slept == [1000])
    }

    @Test func makesAnAccountAgainThatIsGone() async throws {
        let client = try makeClient()
        client.account = "https://ca.test/account/old"
        authority.answer("/order", .init(status: 400, body: ["type": "urn:ietf:params:acme:error:accountDoesNotExist"]), .init(status: 201))
        _ = try await client.post("https://ca.test/order", [:])
        #expect(authority.requests(to: "/order").map { $0.header["kid"]?.string } == ["https://ca.test/account/old", "https://ca.test/account/1"])
        #expect(client.account == "https://ca.test/account/1")
    }

    @Test func termsAndExternalAccountsAreAskedFor() async throws {
        await #expect(
            throws: ACMEError.local("the authority has terms of service, https://ca.test/terms: read them, and set `termsAgreed: true` to agree")
        ) {
            try await makeClient { $0.termsAgreed = false }.openAccount()
        }
        authority.answer(
            "/dir",
            .init(body: [
                "newNonce": "https://ca.test/nonce", "newAccount": "https://ca.test/account", "newOrder": "https://ca.test/order",
                "meta": ["externalAccountRequired": true],
            ]))
        await #expect(throws: ACMEError.self) { try await makeClient().openAccount() }
        let external = try #require(ExternalAccount(keyID: "kid-1", encodedKey: "c2VjcmV0"))
        let client = try makeClient { $0.externalAccount = external }
        _ = try await client.openAccount()
        let binding = try #require(authority.requests(to: "/account").last?.payload["externalAccountBinding"])
        let protected = try #require(binding["protected"]?.string), payload = try #require(binding["payload"]?.string)
        #expect(try JSON.parse(Base64URL.decode(protected) ?? []) == ["alg": "HS256", "kid": "kid-1", "url": "https://ca.test/account"])
        #expect(try JSON.parse(Base64URL.decode(payload) ?? []) == client.key.jwk())
        #expect(try binding["signature"]?.string == Base64URL.encode(HMAC.sha256(key: Array("secret".utf8), Array("\(protected).\(payload)".utf8))))
    }

    @Test func answersThatMakeNoSense() async throws {
        authority.answer("/dir", .init(raw: Array("<html>".utf8)))
        await #expect(throws: ACMEError.self) { try await makeClient().openAccount() }
        authority.answer(
            "/dir", .init(body: ["newNonce": "http://ca.test/nonce", "newAccount": "http://ca.test/account", "newOrder": "http://ca.test/order"]))
        await #expect(throws: ACMEError.malformed("http://ca.test/nonce is not https")) { try await makeClient().openAccount() }
    }

    @Test func renewalInformation() async throws {
        let window: JSON = [
            "suggestedWindow": ["start": "2026-11-24T00:00:00Z", "end": "2026-11-25T00:00:00Z"], "explanationURL": "https://ca.test/why",
        ]
        authority.answer("/renewal/a.b", .init(body: window, headers: [("Retry-After", "5")]))
        let information = try await makeClient().renewalInformation("a.b")
        #expect(information == RenewalInformation(window: 1_795_478_400...1_795_564_800, explanation: "https://ca.test/why", askAgainAfter: 60))
        authority.answer("/renewal/a.b", .init(body: ["suggestedWindow": ["start": "2026-11-25T00:00:00Z", "end": "2026-11-24T00:00:00Z"]]))
        await #expect(throws: ACMEError.self) { try await makeClient().renewalInformation("a.b") }
    }
}
