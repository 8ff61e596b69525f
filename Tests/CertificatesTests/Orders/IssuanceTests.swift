import Identity
import Primitives
import Testing

@testable import Certificates

@Suite struct IssuanceTests {
    let authority = ScriptedAuthority()
    let solver = RecordingSolver()
    let key: PrivateKey

    init() throws {
        key = try PrivateKey.make(.ecdsaP256)
        authority.answer("/order", .init(status: 201, body: order("pending"), headers: [("Location", "https://ca.test/o")]))
        authority.answer("/a", .init(body: authorization("pending")), .init(body: authorization("valid")))
        authority.answer("/c", .init())
        authority.answer("/o", .init(body: order("ready")), .init(body: order("valid")))
        authority.answer("/f", .init(body: order("processing")))
        authority.answer("/x", .init(raw: Array("chain".utf8)))
    }

    func order(_ status: String) -> JSON {
        ["status": .string(status), "finalize": "https://ca.test/f", "authorizations": ["https://ca.test/a"], "certificate": "https://ca.test/x"]
    }

    func authorization(_ status: String) -> JSON {
        let challenge: JSON = ["type": "http-01", "url": "https://ca.test/c", "token": "tok"]
        return ["status": .string(status), "identifier": ["type": "dns", "value": "a.test"], "challenges": [challenge]]
    }

    func run(replaces: String? = nil) async throws -> [UInt8] {
        var settings = IssuerSettings(name: "x", directory: "\(ScriptedAuthority.origin)/dir")
        settings.termsAgreed = true
        let client = ACMEClient(settings, key: try PrivateKey.make(.ecdsaP256), callouts: authority, clock: ManualClock())
        return try await Issuance(client: client, solver: solver, names: ["a.test"], replaces: replaces).run(key: key)
    }

    @Test func asksAndProvesAndDownloads() async throws {
        #expect(try await run() == Array("chain".utf8))
        #expect(solver.calls == ["present a.test tok", "withdraw a.test"])
        #expect(authority.requests(to: "/order").map(\.payload) == [["identifiers": [["type": "dns", "value": "a.test"]]]])
        #expect(authority.requests(to: "/c").map(\.payload) == [[:]] && authority.requests(to: "/a").allSatisfy { $0.payload == .null })
        #expect(authority.requests(to: "/f").first?.payload["csr"]?.string.flatMap { Base64URL.decode($0) }?.isEmpty == false)
    }

    @Test func namesWhatItReplaces() async throws {
        _ = try await run(replaces: "aki.serial")
        #expect(authority.requests(to: "/order").map { $0.payload["replaces"]?.string } == ["aki.serial"])
    }

    /// RFC 9773 §5: somebody else was first.
    @Test func goesWithoutWhenThatWasReplacedAlready() async throws {
        let created = ScriptedAuthority.Answer(status: 201, body: order("pending"), headers: [("Location", "https://ca.test/o")])
        authority.answer("/order", .init(status: 409, body: ["type": "urn:ietf:params:acme:error:alreadyReplaced"]), created)
        _ = try await run(replaces: "aki.serial")
        #expect(authority.requests(to: "/order").map { $0.payload["replaces"]?.string } == ["aki.serial", nil])
    }

    @Test func takesTheChallengeBackWhenItFails() async throws {
        authority.answer("/c", .init(status: 400, body: ["type": "urn:ietf:params:acme:error:malformed", "detail": "no"]))
        await #expect(throws: ACMEError.self) { try await run() }
        #expect(solver.calls == ["present a.test tok", "withdraw a.test"])
    }

    /// RFC 8555 §8.1 and §8.4, with the thumbprint of the account's key.
    @Test func recordsOfDNS() throws {
        let challenge = PreparedChallenge(name: "a.test", token: "tok", keyAuthorization: "tok.print")
        #expect(challenge.record == "_acme-challenge.a.test")
        #expect(try challenge.recordValue == Base64URL.encode(SHA256.digest(Array("tok.print".utf8))))
    }
}
