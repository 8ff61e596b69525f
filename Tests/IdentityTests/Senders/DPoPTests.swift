import Primitives
import Testing

@testable import Identity

@Suite struct DPoPTargetTests {
    @Test(arguments: [
        ("https://a.test/x", "https://a.test/x"), ("https://A.test:443/x?q=1#f", "https://a.test/x"), ("http://a.test:80", "http://a.test/"),
        ("https://a.test/%7euser/../b", "https://a.test/b"), ("https://a.test/%2f", "https://a.test/%2F"), ("http://[::1]:80/", "http://[::1]/"),
    ]) func same(a: String, b: String) {
        let target = DPoPTarget(a)
        #expect(target != nil && target == DPoPTarget(b))
    }

    @Test(arguments: [
        ("https://a.test/x", "http://a.test/x"), ("https://a.test/x", "https://b.test/x"), ("https://a.test/x", "https://a.test:8443/x"),
        ("https://a.test/x", "https://a.test/x/"), ("https://a.test/x", "https://a.test/X"), ("https://a.test/a%2Fb", "https://a.test/a/b"),
    ]) func different(a: String, b: String) { #expect(DPoPTarget(a) != DPoPTarget(b)) }

    @Test(arguments: ["", "/x", "a.test/x", "ftp://a.test/", "https://user@a.test/", "https://a.test/%", "https://a.test/%00", "https:///x"])
    func none(text: String) { #expect(DPoPTarget(text) == nil) }
}

@Suite struct DPoPProofTests {
    let key: SigningKey
    let url = "https://a.test/x"
    let now = 1_000_000

    init() throws { key = try SigningKey.generate(.ES256) }

    func proof(
        _ algorithms: [SignatureAlgorithm] = DPoPRules.usual, _ change: (inout JSONObject, inout JSONObject) -> Void = { _, _ in }
    ) throws -> DPoPProof {
        var header: JSONObject = ["typ": "dpop+jwt", "jwk": try #require(key.publicJWK).json]
        var claims: JSONObject = ["jti": "1", "htm": "GET", "htu": .string(url), "iat": 1_000_000]
        claims["ath"] = .string(Base64URL.encode(try Digest.sha256(Array("token".utf8))))
        change(&header, &claims)
        let text = try JSONWebToken.make(claims: .object(claims), header: header, key: key)
        return try text.withView { view in Result { try DPoPProof(parsing: view, algorithms: algorithms) } }.get()
    }

    func flaw(_ proof: DPoPProof, method: String = "GET", token: String? = "token", boundTo bound: [UInt8]? = nil, now: Int? = nil) -> DPoPFlaw? {
        let rules = DPoPRules()
        let target = DPoPTarget(url)
        func check(_ token: ByteView?) -> DPoPFlaw? {
            do throws(DPoPFlaw) {
                try rules.check(proof, method: method, target: target, token: token, boundTo: bound ?? proof.thumbprint, now: now ?? self.now)
                return nil
            } catch { return error }
        }
        guard let token else { return check(nil) }
        return token.withView { check($0) }
    }

    @Test func aGoodOne() throws {
        let proof = try proof()
        try proof.verify(with: proof.verifyingKey())
        #expect(flaw(proof) == nil && flaw(proof, token: nil) == nil)
        #expect(Base64URL.encode(proof.thumbprint) == key.thumbprint)
    }

    @Test func whatItIsNotFor() throws {
        let proof = try proof()
        #expect(flaw(proof, method: "POST") == .method)
        #expect(flaw(proof, token: "other") == .token)
        #expect(flaw(proof, boundTo: [UInt8](repeating: 0, count: 32)) == .binding)
        #expect(flaw(try self.proof { $1["htu"] = "https://a.test/y" }) == .target)
    }

    @Test(arguments: [(-5, true), (-6, false), (0, true), (64, true), (65, false), (1_000_000, false)]) func time(later: Int, isGood: Bool) throws {
        #expect((flaw(try proof(), now: now + later) == nil) == isGood)
    }

    @Test func formsThatAreNone() throws {
        #expect(throws: DPoPFlaw.type) { try proof { header, _ in header["typ"] = "JWT" } }
        #expect(throws: DPoPFlaw.algorithm) { try proof([.EdDSA]) }
        #expect(throws: DPoPFlaw.key) { try proof { header, _ in header["jwk"] = nil } }
        #expect(throws: DPoPFlaw.key) { try proof { header, _ in header["jwk"] = key.jwk.json } }
        for claim in ["jti", "htm", "htu", "iat"] { #expect(throws: DPoPFlaw.claims) { try proof { $1[claim] = nil } } }
        #expect(throws: DPoPFlaw.claims) { try proof { $1["jti"] = "" } }
        for text in ["", "a", "a.b.c", "..", String(repeating: "a", count: 9000)] {
            #expect(throws: DPoPFlaw.self) {
                try text.withView { view in Result { try DPoPProof(parsing: view, algorithms: DPoPRules.usual) } }.get()
            }
        }
    }

    @Test func signedBySomebodyElse() throws {
        let other = try #require(try SigningKey.generate(.ES256).publicJWK).json
        let proof = try proof { header, _ in header["jwk"] = other }
        #expect(throws: DPoPFlaw.signature) { try proof.verify(with: proof.verifyingKey()) }
    }
}

@Suite struct ReplayCacheTests {
    static func key(_ n: UInt64) -> CredentialKey {
        // Spread over shards and sets, as hashes are.
        let hash = (n &* 0x9e37_79b9_7f4a_7c15) ^ (n << 32)
        return CredentialKey(words: (hash, n, 0, 0))
    }

    @Test func onceAndAgainWhenItIsOver() {
        let cache = ReplayCache(capacity: 256)
        #expect(cache.take(Self.key(1), until: 100, now: 50))
        #expect(!cache.take(Self.key(1), until: 100, now: 99))
        #expect(cache.take(Self.key(2), until: 100, now: 99))
        #expect(cache.take(Self.key(1), until: 200, now: 100))
    }

    @Test func whatWillBeOverSoonestIsGivenUpFirst() {
        let cache = ReplayCache(capacity: 1)
        // All in one set: the same shard, and there is only one set in each.
        func key(_ n: UInt64) -> CredentialKey { CredentialKey(words: (n, n, n, n)) }
        for n in 1...8 { #expect(cache.take(key(UInt64(n)), until: 100 + n, now: 50)) }
        #expect(cache.take(key(9), until: 200, now: 50))
        for n in 2...9 { #expect(!cache.take(key(UInt64(n)), until: 300, now: 50)) }
        #expect(cache.take(key(1), until: 300, now: 50))
    }
}

@Suite struct SenderTests {
    @Test func bindings() throws {
        let digest = Base64URL.encode([UInt8](repeating: 7, count: 32))
        func binding(_ confirmation: JSON) -> TokenBinding? { TokenBinding(["sub": "a", "cnf": confirmation]) }
        #expect(TokenBinding(["sub": "a"]) == nil)
        #expect(binding(["jkt": .string(digest)])?.key?.count == 32)
        let both = try #require(binding(["jkt": .string(digest), "x5t#S256": .string(digest), "kid": "ignored"]))
        #expect(both.key == both.certificate && !both.isUnknown)
        for flawed: JSON in [[:], ["kid": "a"], ["jkt": 1], ["jkt": "AAAA"], "text", ["jkt": .string(digest), "x5t#S256": ""]] {
            #expect(binding(flawed)?.isUnknown == true, "\(flawed)")
        }
    }

    @Test func noncesLastTwoPeriodsAndGoWithTheSecret() throws {
        let secret = KeyedHash.Secret(bytes: [UInt8](repeating: 1, count: 32))
        let nonces = try DPoPNonces(secret, period: 60), twin = try DPoPNonces(secret, period: 60)
        let other = try DPoPNonces(KeyedHash.Secret(bytes: [UInt8](repeating: 2, count: 32)), period: 60)
        let nonce = nonces.nonce(now: 600)
        #expect(nonce.utf8.count == 22 && nonce == nonces.nonce(now: 659) && nonce != nonces.nonce(now: 660))
        #expect(twin.accepts(nonce, now: 600) && twin.accepts(nonce, now: 719) && !twin.accepts(nonce, now: 720))
        #expect(!other.accepts(nonce, now: 600) && !twin.accepts("", now: 600))
    }
}
