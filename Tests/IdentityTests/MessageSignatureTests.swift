import Identity
import Primitives
import Testing

@Suite("Message signatures: the examples of RFC 9421")
struct MessageSignatureExampleTests {
    struct Example: Sendable, CustomStringConvertible {
        let section: String
        let message: TestMessage
        let base: String?
        let algorithm: MessageSignatureAlgorithm
        let key: JSON
        let isValid: Bool
        var description: String { section }

        init?(_ json: JSON, _ keys: JSON) {
            guard let section = json["section"]?.string, let message = json["message"], let input = json["input"]?.string,
                let signature = json["signature"]?.string, let name = json["algorithm"]?.string,
                let algorithm = MessageSignatureAlgorithm(rawValue: name), let key = json["key"]?.string.flatMap({ keys[$0] })
            else { return nil }
            var signed = TestMessage(message)
            signed.fields += [("Signature-Input", Array(input.utf8)), ("Signature", Array(signature.utf8))]
            self.section = section
            self.message = signed
            self.algorithm = algorithm
            self.key = key
            base = json["base"]?.string
            isValid = json["valid"] == true
        }

        var verifyingKey: MessageVerifyingKey {
            get throws {
                if let secret { return MessageVerifyingKey(secret: secret) }
                return try MessageVerifyingKey(pem: #require(key["public"]?.string), algorithm)
            }
        }

        var signingKey: MessageSigningKey {
            get throws {
                if let secret { return MessageSigningKey(secret: secret) }
                return try MessageSigningKey(pem: #require(key["private"]?.string), algorithm)
            }
        }

        private var secret: [UInt8]? {
            guard let text = key["secret"]?.string else { return nil }
            let out = ByteBuffer()
            return text.withView { Base64.decode($0, into: out) } ? out.view.array : nil
        }
    }

    static let file = try? CaseFile.json("message-signatures/rfc9421.json")
    static let examples = (file?["examples"]?.array ?? []).compactMap { Example($0, file?["keys"] ?? .null) }

    static func base(of signature: MessageSignature, _ message: TestMessage) throws(SignatureError) -> [UInt8] {
        let out = ByteBuffer()
        try SignatureBase.write(signature.components, signature.input, of: message, to: out)
        return out.view.array
    }

    @Test("all of them are there") func areThere() { #expect(Self.examples.count == 15) }

    @Test("the base is that of the RFC, and the signature is valid where it should be", arguments: examples)
    func verifies(_ example: Example) throws {
        let signature = try #require(try MessageSignature.all(of: example.message).first)
        let base = try Self.base(of: signature, example.message)
        if let expected = example.base { #expect(base.text == expected) }
        let key = try example.verifyingKey
        func isValid(_ bytes: [UInt8], _ base: [UInt8]) -> Bool {
            base.withView { base in (try? key.verify(bytes, of: base)) != nil }
        }
        #expect(isValid(signature.bytes, base) == example.isValid)
        // Nothing of either may be altered.
        for place in stride(from: 0, to: base.count, by: 17) {
            var altered = base
            altered[place] ^= 1
            #expect(!isValid(signature.bytes, altered))
        }
        for place in stride(from: 0, to: signature.bytes.count, by: 5) {
            var altered = signature.bytes
            altered[place] ^= 0x10
            #expect(!isValid(altered, base))
        }
        #expect(!isValid(Array(signature.bytes.dropLast()), base) && !isValid(signature.bytes + [0], base) && !isValid([], base))
    }

    @Test("what is signed here is verified, in the same words", arguments: examples.filter(\.isValid))
    func signs(_ example: Example) throws {
        let original = try #require(try MessageSignature.all(of: example.message).first)
        let signer = MessageSigner(
            label: "mine", components: original.components, keyID: try #require(original.parameters.keyID), key: try example.signingKey,
            statesAlgorithm: true, lifetime: 60, tag: "t")
        let input = ByteBuffer(), signature = ByteBuffer()
        try signer.sign(example.message, now: 1_618_884_473, nonce: "n", input: input, signature: signature)
        var message = example.message
        message.fields.removeAll { $0.name.hasPrefix("Signature") }
        message.fields += [("signature-input", input.view.array), ("signature", signature.view.array)]
        let made = try #require(try MessageSignature.all(of: message, labelled: "mine").first)
        #expect(made.parameters.created == 1_618_884_473 && made.parameters.expires == 1_618_884_533 && made.parameters.nonce == "n")
        #expect(made.parameters.algorithm == example.algorithm.rawValue && made.parameters.tag == "t")
        let base = try Self.base(of: made, message)
        let key = try example.verifyingKey
        try #expect(base.withView { view in Result { () throws(SignatureError) in try key.verify(made.bytes, of: view) } }.get() == ())
    }

    @Test("a key is for one algorithm alone")
    func algorithms() throws {
        let keys = try #require(Self.file?["keys"])
        for (name, allowed) in [
            ("test-key-rsa", ["rsa-pss-sha512", "rsa-v1_5-sha256"]), ("test-key-ecc-p256", ["ecdsa-p256-sha256"]), ("test-key-ed25519", ["ed25519"]),
        ] {
            let pem = try #require(keys[name]?["public"]?.string), secret = try #require(keys[name]?["private"]?.string)
            for algorithm in MessageSignatureAlgorithm.allCases {
                let isAllowed = allowed.contains(algorithm.rawValue)
                #expect(((try? MessageVerifyingKey(pem: pem, algorithm)) != nil) == isAllowed, "\(name) \(algorithm.rawValue)")
                #expect(((try? MessageSigningKey(pem: secret, algorithm)) != nil) == isAllowed, "\(name) \(algorithm.rawValue)")
            }
        }
    }
}

@Suite("Message signatures: components")
struct SignatureComponentTests {
    static let file = try? CaseFile.json("message-signatures/components.json")

    static func value(_ text: String, of message: TestMessage) -> String? {
        guard let component = try? SignatureComponent(parsing: text) else { return nil }
        let out = ByteBuffer()
        guard (try? SignatureBase.write([component], InnerList([component.identifier]), of: message, to: out)) != nil else { return nil }
        let lines = out.view.string.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count == 2, lines[0].hasPrefix("\(text): ") else { return "not one line that begins with its name: \(out.view.string)" }
        return String(lines[0].dropFirst(text.count + 2))
    }

    @Test func values() throws {
        let cases = try #require(Self.file?["values"]?.array)
        #expect(cases.count > 50)
        for example in cases {
            let text = try #require(example["component"]?.string)
            #expect(Self.value(text, of: TestMessage(try #require(example["message"]))) == example["value"]?.string, "\(text)")
        }
    }

    @Test func malformed() throws {
        for text in try #require(Self.file?["malformed"]?.strings) {
            #expect(throws: SignatureError.self, "\(text)") {
                try SignatureComponent(
                    try text.withView { field in Result { () throws(StructuredFieldError) in try StructuredParser.item(field) } }.get())
            }
        }
    }

    @Test("settings may leave the quotes out")
    func settings() throws {
        #expect(try SignatureComponent(parsing: "@query-param;name=\"q\"") == SignatureComponent(parsing: "\"@query-param\";name=\"q\""))
        #expect(try SignatureComponent(parsing: "content-digest") == SignatureComponent(parsing: "\"content-digest\""))
        #expect(throws: SignatureError.self) { try SignatureComponent(parsing: "@nothing") }
        #expect(throws: SignatureError.self) { try SignatureComponent(parsing: "") }
    }
}
