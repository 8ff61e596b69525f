import Schema
import Testing

@testable import Model

@Suite struct DiffTests {
    @Test func namesWhatDiffers() throws {
        let old = try #require(Case.load(DiffTests.old).value)
        let new = try #require(Case.load(DiffTests.new).value)
        let diff = old.diff(to: new)
        #expect(diff.upstreams == .init(added: ["c"], removed: ["b"], changed: ["a"]))
        #expect(diff.apis.isEmpty)
        #expect(diff.groups == ["runtime"])
        #expect(diff.description == "upstreams: 1 added (c), 1 changed (a), 1 removed (b); runtime changed")
    }

    @Test func plansAreNamed() throws {
        func plans(_ list: String) throws -> Configuration { try #require(Case.load("listeners: []\nplans: [\(list)]").value) }
        let old = try plans("{ name: free, access: [] }, { name: gold, quotas: [{ calls: 1, per: day }] }, { name: old, access: [] }")
        let new = try plans("{ name: free, access: [] }, { name: gold, quotas: [{ calls: 2, per: day }] }, { name: new, access: [] }")
        #expect(old.diff(to: new).description == "plans: 1 added (new), 1 changed (gold), 1 removed (old)")
    }

    @Test func placesAndDefaultsDoNotCount() throws {
        let old = try #require(Case.load(DiffTests.old).value)
        let moved = try #require(
            Case.load(
                "# moved\nruntime: { threads: 1, drain: 30s }\n" + DiffTests.old.split(separator: "\n").dropFirst().joined(separator: "\n")
            ).value)
        #expect(old.diff(to: moved).isEmpty)
        #expect(old.diff(to: moved).description == "nothing")
    }

    /// Whatever is changed of a consumer, it is noticed.
    @Test func everySettingOfAConsumerCounts() throws {
        let variants = [
            "", "groups: [a]", "groups: [b]", "attributes: { a: b }", "attributes: { a: c }", "enabled: false", "plans: [a]", "plans: [b]",
            "credentials: [{ apiKey: 0123456789abcdef, plans: [a] }]", "applications: [{ name: a, plans: [a] }]",
            "applications: [{ name: a, plans: [] }]",
            "credentials: [{ apiKey: 0123456789abcdef }]",
            "credentials: [{ apiKey: 1123456789abcdef }]", "credentials: [{ apiKey: 0123456789abcdef, name: n }]",
            "credentials: [{ apiKey: 0123456789abcdef, expires: 2027-01-01 }]", "credentials: [{ apiKey: 0123456789abcdef, enabled: false }]",
            "credentials: [{ apiKeyHash: 'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08' }]",
            "credentials: [{ basic: { username: u, passwordHash: x } }]", "credentials: [{ basic: { username: v, passwordHash: x } }]",
            "credentials: [{ basic: { username: u, passwordHash: y } }]", "credentials: [{ jwtClaim: { value: a } }]",
            "credentials: [{ jwtClaim: { value: b } }]", "credentials: [{ jwtClaim: { name: azp, value: a } }]",
            "credentials: [{ jwtClaim: { value: a, issuer: i } }]", "credentials: [{ certificate: { subject: a } }]",
            "credentials: [{ certificate: { san: a } }]", "credentials: [{ certificate: { spiffe: 'spiffe://a' } }]",
            "credentials: [{ certificate: { fingerprint: 'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08' } }]",
            "credentials: [{ hmac: { keyId: a, secret: s } }]", "credentials: [{ hmac: { keyId: b, secret: s } }]",
            "credentials: [{ hmac: { keyId: a, secret: t } }]", "applications: [{ name: a }]", "applications: [{ name: b }]",
            "applications: [{ name: a, groups: [g] }]", "applications: [{ name: a, attributes: { x: z } }]",
            "applications: [{ name: a, enabled: false }]",
            "applications: [{ name: a, credentials: [{ apiKey: 0123456789abcdef }] }]",
        ]
        let digests = try variants.map { try DiffTests.consumers("{ name: c, \($0) }") }
        for (i, old) in digests.enumerated() {
            for (j, new) in digests.enumerated() {
                #expect(old.changes(to: new).changed == (i == j ? [] : ["c"]), "\(variants[i]) to \(variants[j])")
            }
        }
        // Whoever adds a setting adds it above, and to `ConsumerDigest`.
        let settings = [
            "ConsumerSettings", "ApplicationSettings", "Credential", "BasicCredential", "JWTClaimCredential", "CertificateCredential",
            "HMACCredential",
        ]
        let types: [any Settings.Type] = [
            ConsumerSettings.self, ApplicationSettings.self, Credential.self, BasicCredential.self, JWTClaimCredential.self,
            CertificateCredential.self,
            HMACCredential.self,
        ]
        let counts = types.map { SettingsOutline(of: $0).sections[0].settings.count }
        #expect(
            Dictionary(uniqueKeysWithValues: zip(settings, counts)) == [
                "ConsumerSettings": 7, "ApplicationSettings": 6, "Credential": 10, "BasicCredential": 2, "JWTClaimCredential": 3,
                "CertificateCredential": 4,
                "HMACCredential": 2,
            ])
    }

    @Test func consumersComeAndGo() throws {
        let changes = try DiffTests.consumers("{ name: a }, { name: b }, { name: c }").changes(
            to: DiffTests.consumers("{ name: d }, { name: c }, { name: a, groups: [g] }"))
        #expect(changes == .init(added: ["d"], removed: ["b"], changed: ["a"]))
    }

    private static func consumers(_ list: String) throws -> ConsumerDigest {
        let loaded = Case.load("listeners: []\nplans: [{ name: a, access: [] }, { name: b, access: [] }]\nconsumers: [\(list)]")
        return ConsumerDigest(try #require(loaded.value, "\(loaded.diagnostics)").consumers)
    }

    static let old = """
        runtime: { threads: 1 }
        upstreams:
          - { name: a, endpoints: [{ address: 127.0.0.1:1 }] }
          - { name: b, endpoints: [{ address: 127.0.0.1:2 }] }
        apis:
          - name: x
            routes: [{ match: { path: /x }, respond: { status: 200 } }]
        """
    static let new = """
        runtime: { threads: 2 }
        upstreams:
          - { name: c, endpoints: [{ address: 127.0.0.1:2 }] }
          - { name: a, endpoints: [{ address: 127.0.0.1:1, weight: 2 }] }
        apis:
          - name: x
            routes: [{ match: { path: /x }, respond: { status: 200 } }]
        """
}
