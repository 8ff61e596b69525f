import GatewayCore
import Identity
import Model
import Primitives
import Schema
import Testing

@testable import PolicyKit

@Suite struct ConsumerCompilerTests {
    private func compile(_ yaml: String) throws -> (store: MemoryIdentityStore, diagnostics: [Diagnostic]) {
        let loaded = Configuration.load(ConfigNode.read(yaml: yaml, file: "c.yaml").tree)
        #expect(!loaded.diagnostics.hasErrors, "\(loaded.diagnostics)")
        return ConsumerCompiler.compile(try #require(loaded.value).consumers)
    }

    private let keys: IdentityKeyMaker

    init() throws { keys = try IdentityKeyMaker() }

    /// A credential with plans of its own is somebody else's only as far as they go.
    @Test func theNearestPlansCount() throws {
        let (store, diagnostics) = try compile(
            """
            plans: [{ name: a, access: [] }, { name: b, access: [] }]
            consumers:
              - name: shop
                plans: [a]
                enabled: false
                credentials: [{ apiKey: own-0123456789abc }, { apiKey: other-0123456789a, plans: [b] }]
                applications:
                  - { name: web, credentials: [{ apiKey: web-0123456789abc }, { apiKey: none-0123456789ab, plans: [] }] }
            """)
        #expect(diagnostics == [])
        let found = try ["own-0123456789abc", "other-0123456789a", "web-0123456789abc", "none-0123456789ab"].map { text in
            try #require(text.withView { keys.apiKey($0) }.flatMap { store.find($0) })
        }
        #expect(found.map(\.consumer.plans) == [["a"], ["b"], ["a"], []])
        #expect(found.allSatisfy { $0.consumer.name == "shop" && !$0.isEnabled })
        #expect(store.owner(named: "shop", application: nil)?.consumer.plans == ["a"])
        #expect(store.owner(named: "shop", application: "web")?.consumer.plans == ["a"])
    }

    @Test func everyKindIsFound() throws {
        let (store, diagnostics) = try compile(
            """
            consumers:
              - name: mobile
                groups: [partners]
                attributes: { tier: gold, region: eu }
                credentials:
                  - { apiKey: 0123456789abcdef, name: first, expires: 2027-03-31T00:00:00Z }
                  - { apiKeyHash: "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" }
                  - basic: { username: mob, passwordHash: "$2y$10$gKy2JCu4Oou5vcZglHL1CuebQH7LRsd8tYcfvLStfZuag8H3vabvS" }
                  - jwtClaim: { value: app-1 }
                  - jwtClaim: { name: azp, value: app-1, issuer: https://id.example.com }
                  - { hmac: { keyId: k1, secret: s1 }, enabled: false }
                applications:
                  - name: android
                    groups: [beta, partners]
                    attributes: { region: us }
                    credentials:
                      - certificate: { subject: "CN=a" }
                      - certificate: { san: a.example.com }
                      - certificate: { spiffe: "spiffe://example.org/a" }
                      - certificate: { fingerprint: "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" }
            """)
        #expect(diagnostics == [])
        #expect(store.count == 10)

        let key = try #require("0123456789abcdef".withView { keys.apiKey($0) }.flatMap { store.find($0) })
        #expect(key.id == "first" && key.expires == 1_806_451_200 && key.isEnabled && key.secret == [])
        #expect(key.consumer.name == "mobile" && key.consumer.application == nil && key.consumer.groups == ["partners"])
        // "test"
        let hashed = try #require("test".withView { keys.apiKey($0) }.flatMap { store.find($0) })
        #expect(hashed.id == "sha256:9f86d081")
        let basic = try #require("mob".withView { keys.basic(user: $0) }.flatMap { store.find($0) })
        #expect(basic.id == "mob" && basic.secret.starts(with: Array("$2y$10$".utf8)))
        #expect("sub".withView { name in "app-1".withView { keys.jwtClaim(name, value: $0, issuer: nil) } }.flatMap { store.find($0) } != nil)
        #expect("azp".withView { name in "app-1".withView { keys.jwtClaim(name, value: $0, issuer: nil) } }.flatMap { store.find($0) } == nil)
        let hmac = try #require("k1".withView { keys.hmac(keyID: $0) }.flatMap { store.find($0) })
        #expect(hmac.secret == Array("s1".utf8) && !hmac.isEnabled)

        let forms: [(IdentityKey.CertificateForm, [UInt8])] = [
            (.subject, Array("CN=a".utf8)), (.san, Array("a.example.com".utf8)), (.spiffe, Array("spiffe://example.org/a".utf8)),
            (.fingerprint, IdentityKey(.apiKey, digest: hashed.key.digest).bytes),
        ]
        for (form, value) in forms {
            let record = try #require(value.withView { keys.certificate(form, $0) }.flatMap { store.find($0) })
            #expect(record.consumer.application == "android")
            #expect(record.consumer.groups == ["partners", "beta"])
            #expect(record.consumer.attributes.map { "\($0.name)=\($0.value)" } == ["region=us", "tier=gold"])
        }
        #expect(store.owner(named: "mobile", application: "android")?.consumer.application == "android")
        #expect(store.consumer(named: "mobile")?.consumer.application == nil)
        #expect(store.consumer(named: "android") == nil)
    }

    @Test func whoIsSwitchedOffIsFoundSwitchedOff() throws {
        let (store, _) = try compile(
            """
            consumers:
              - { name: a, enabled: false, credentials: [{ apiKey: 0123456789abcdef }], applications: [{ name: x, credentials: [{ apiKey: 1123456789abcdef }] }] }
              - { name: b, applications: [{ name: x, enabled: false, credentials: [{ apiKey: 2123456789abcdef }] }, { name: y, credentials: [{ apiKey: 3123456789abcdef }] }] }
            """)
        let isEnabled = (0..<4).map { i in "\(i)123456789abcdef".withView { keys.apiKey($0) }.flatMap { store.find($0) }?.isEnabled }
        #expect(isEnabled == [false, false, false, true])
        #expect(store.consumer(named: "a")?.isEnabled == false)
        #expect(store.consumer(named: "b")?.isEnabled == true)
    }

    @Test func aKeyAndItsHashAreTheSame() throws {
        let (store, diagnostics) = try compile(
            """
            consumers:
              - { name: a, credentials: [{ apiKey: test }] }
              - { name: b, credentials: [{ apiKeyHash: "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" }] }
            """)
        #expect(store.count == 1)
        #expect(
            diagnostics.map(\.description) == [
                "c.yaml:3:30: error: another credential is the same, so nobody could tell whose it is (consumers[1].credentials[0])"
            ])
    }

    @Test func weakAndUselessHashesAreToldWithoutBeingRepeated() throws {
        let (store, diagnostics) = try compile(
            """
            consumers:
              - name: weak
                credentials: [{ basic: { username: w, passwordHash: "$2y$05$V2UxmmyjPkkKeIHgM9GQmOBX2qMLbFyYUcdcT6zmM53O2p3L9uq2S" } }]
              - name: plain
                credentials: [{ basic: { username: p, passwordHash: hunter2 } }]
            """)
        #expect(store.passwordCount == 1)
        #expect(diagnostics.map(\.severity) == [.warning, .error])
        #expect(diagnostics.first?.message.hasPrefix("consumer `weak`: the cost of the bcrypt hash is below 10") == true)
        #expect(diagnostics.last?.message.hasPrefix("consumer `plain`: this is no password hash") == true)
        #expect(!diagnostics.contains { $0.description.contains("V2Uxmmyj") || $0.description.contains("hunter2") })
    }
}
