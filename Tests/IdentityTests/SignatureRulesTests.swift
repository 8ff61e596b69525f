import Identity
import Primitives
import Testing

@Suite("Message signatures: fields and rules")
struct SignatureRulesTests {
    static func message(_ input: String, signature: String = "s=:AQ==:") throws -> TestMessage {
        var message = TestMessage(["method": "GET", "host": "a", "target": "/x?y"])
        message.fields = [("signature-input", Array(input.utf8)), ("signature", Array(signature.utf8))]
        return message
    }

    static func signature(_ input: String) throws -> MessageSignature {
        try #require(try MessageSignature.all(of: try message("s=" + input)).first)
    }

    @Test(
        "fields that say something impossible",
        arguments: [
            ("s=()", "t=:AQ==:"), ("s=1", "s=:AQ==:"), ("s=(\"a\" \"a\")", "s=:AQ==:"), ("s=(\"a\";sf;req \"a\";req;sf)", "s=:AQ==:"),
            ("s=();created=\"1\"", "s=:AQ==:"), ("s=();created=1.5", "s=:AQ==:"), ("s=();keyid=k", "s=:AQ==:"), ("s=();nonce=1", "s=:AQ==:"),
            ("s=();alg", "s=:AQ==:"), ("s=();tag=?1", "s=:AQ==:"), ("s=(", "s=:AQ==:"), ("s=()", "s=1"), ("s=()", "s=(:AQ==:)"), ("s=()", "s=:A:"),
            ("s=(a)", "s=:AQ==:"), ("s=(1)", "s=:AQ==:"),
        ])
    func malformed(_ input: String, _ signature: String) throws {
        let message = try Self.message(input, signature: signature)
        #expect(throws: SignatureError.self) { try MessageSignature.all(of: message) }
    }

    @Test("without one of the fields there is no signature; of several, a label chooses")
    func missing() throws {
        var message = try Self.message("s=(), t=();keyid=\"k\"", signature: "t=:Ag==:, s=:AQ==:")
        #expect(try MessageSignature.all(of: message).map(\.bytes) == [[1], [2]])
        #expect(try MessageSignature.all(of: message, labelled: "t").map(\.bytes) == [[2]])
        #expect(throws: SignatureError.missing) { try MessageSignature.all(of: message, labelled: "u") }
        message.fields.removeLast()
        #expect(throws: SignatureError.missing) { try MessageSignature.all(of: message) }
    }

    @Test("more components than anybody needs are refused")
    func components() throws {
        func input(_ count: Int) -> String { "(" + (0..<count).map { "\"x\($0)\"" }.joined(separator: " ") + ")" }
        #expect(try Self.signature(input(64)).components.count == 64)
        #expect(throws: SignatureError.self) { try Self.signature(input(65)) }
    }

    @Test("what covers more covers less")
    func coverage() throws {
        let signature = try Self.signature("(\"@target-uri\" \"a\";bs \"d\";key=\"k\" \"@method\";req)")
        for text in ["@authority", "@path", "@query", "@scheme", "@request-target", "a", "a;sf", "a;key=\"x\"", "d;key=\"k\"", "@method;req"] {
            #expect(signature.covers(try SignatureComponent(parsing: text)), "\(text)")
        }
        for text in ["@method", "@status", "b", "d", "d;key=\"l\"", "a;tr", "a;req"] {
            #expect(!signature.covers(try SignatureComponent(parsing: text)), "\(text)")
        }
        #expect(!(try Self.signature("(\"@path\")")).covers(try SignatureComponent(parsing: "@request-target")))
    }

    @Test("times, nonce and tag")
    func rules() throws {
        var rules = SignatureRules()
        func passes(_ input: String, at now: Int64 = 1000, hasQuery: Bool = true) -> Bool {
            guard let signature = try? Self.signature(input) else { return false }
            return (try? rules.check(signature, now: now, hasQuery: hasQuery)) != nil
        }
        let key = ";keyid=\"k\""
        #expect(passes("();created=1000\(key)"))
        #expect(!passes("();created=1000"))
        #expect(passes("();created=1030\(key)") && !passes("();created=1031\(key)"))
        #expect(passes("();created=670\(key)") && !passes("();created=669\(key)"))
        #expect(!passes("()\(key)"))
        #expect(passes("();created=1000;expires=971\(key)") && !passes("();created=1000;expires=970\(key)"))
        #expect(!passes("();created=-999999999999999\(key)") && !passes("();created=999999999999999\(key)"))
        rules.requiresNonce = true
        #expect(passes("();created=1000;nonce=\"n\"\(key)") && !passes("();created=1000;nonce=\"\"\(key)") && !passes("();created=1000\(key)"))
        rules.requiresNonce = false
        rules.requiresExpires = true
        #expect(!passes("();created=1000\(key)"))
        rules.requiresExpires = false
        rules.tag = "app"
        #expect(passes("();created=1000;tag=\"app\"\(key)") && !passes("();created=1000;tag=\"other\"\(key)") && !passes("();created=1000\(key)"))
        rules.tag = nil
        rules.components = try [SignatureComponent(parsing: "@method"), SignatureComponent(parsing: "@query")]
        #expect(passes("(\"@method\" \"@query\");created=1000\(key)"))
        #expect(!passes("(\"@method\");created=1000\(key)") && passes("(\"@method\");created=1000\(key)", hasQuery: false))
        rules.mostAge = nil
        rules.requiresCreated = false
        #expect(passes("(\"@method\" \"@query\")\(key)"))
        #expect(rules.end(of: try Self.signature("();created=1")) == nil)
        rules.mostAge = 60
        #expect(rules.end(of: try Self.signature("();created=100")) == 190)
        #expect(rules.end(of: try Self.signature("();created=100;expires=110")) == 140)
    }
}

@Suite("Digests of bodies")
struct DigestFieldTests {
    static let file = try? CaseFile.json("message-signatures/rfc9530.json")

    @Test("the examples of RFC 9530, appendix B")
    func examples() throws {
        let examples = try #require(Self.file?["examples"]?.array)
        #expect(examples.count >= 10)
        for example in examples {
            let body = try #require(example["hex"]?.string.flatMap { $0.withView { $0.hexBytes } } ?? example["body"]?.string.map { Array($0.utf8) })
            let field = try #require(example["field"]?.string)
            let parsed = try #require(try field.withView { view in Result { () throws(SignatureError) in try DigestField.parse(view) } }.get())
            let expected = try ExpectedDigest(parsed.algorithm, parsed.digest)
            // In pieces, as a body passes.
            for byte in body { [byte].withView { expected.update($0) } }
            #expect(expected.isMet(), "\(field)")
            let out = ByteBuffer()
            let digest = try body.withView { view in Result { () throws(CryptoError) in try Digest.compute(parsed.algorithm, view) } }.get()
            DigestField.write(parsed.algorithm, digest, to: out)
            #expect(field.hasSuffix(out.view.string))
            let other = try ExpectedDigest(parsed.algorithm, parsed.digest)
            (body + [0]).withView { other.update($0) }
            #expect(!other.isMet())
        }
    }

    @Test(
        "fields that are no digests",
        arguments: ["sha-256", "sha-256=1", "sha-256=:AQ==:", "sha-512=:AQ==:, sha-256=:AQ==:", "sha-256=", "sha-256=(:AQ==:)", "SHA-256=:AQ==:"])
    func malformed(_ field: String) {
        #expect(throws: SignatureError.self) {
            try field.withView { view in Result { () throws(SignatureError) in try DigestField.parse(view) } }.get()
        }
    }

    @Test("algorithms that no longer count are passed over")
    func unknown() throws {
        for field in ["", "md5=:AQ==:", "unixsum=:AQ==:, crc32c=:AQ==:"] {
            #expect(try field.withView { view in Result { () throws(SignatureError) in try DigestField.parse(view) == nil } }.get(), "\(field)")
        }
    }

    @Test(
        "what is preferred",
        arguments: [
            ("sha-256=10, sha-512=3", DigestAlgorithm.sha256), ("sha-512=3, sha-256=10, unixsum=0", .sha256), ("sha-256=1, sha-512=2", .sha512),
            ("sha-512=1", .sha512), ("sha-256=5, sha-512=5", .sha256), ("sha-256=0", nil), ("md5=10", nil), ("sha-256=11", nil), ("sha-256=x", nil),
            ("sha-256=1.0", nil), ("(", nil), ("", nil),
        ])
    func preference(_ field: String, _ algorithm: DigestAlgorithm?) {
        #expect(field.withView { DigestField.preferred($0) } == algorithm)
    }
}
