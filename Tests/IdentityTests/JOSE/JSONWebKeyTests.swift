import Identity
import Primitives
import Testing

@Suite struct JSONWebKeyTests {
    /// Documents that are no keys, each with what the error says.
    @Test func refused() throws {
        let rows = try CaseFile.rows("JOSE/keys-refused.tsv")
        #expect(rows.count >= 40)
        for row in rows {
            #expect("\(row[0].text)") {
                let key = try JSONWebKey(parsing: row[0])
                _ = try VerifyingKey(key)
                if key.material.isPrivate { _ = try SigningKey(key) }
            } throws: { error in
                (error as? KeyError)?.message.contains(row[1].text) == true
            }
        }
    }

    /// RFC 7638 §3.1, RFC 8037 §A.3, and the examples of keys of the other types.
    @Test func thumbprints() throws {
        for row in try CaseFile.rows("JOSE/thumbprints.tsv") {
            let key = try JSONWebKey(parsing: row[0])
            #expect(Base64URL.encode(try key.thumbprint()) == row[1].text)
            #expect(try JSONWebKey(parsing: key.json.bytes) == key)
        }
    }

    @Test func oneBadKeyTakesNoOtherWithIt() throws {
        let good = try #require(SigningKey.generate(.ES256).publicJWK)
        let document: JSON = ["keys": [["kty": "EC", "crv": "secp256k1"], good.json, ["kty": "new"], "text"]]
        let set = try JSONWebKeySet(parsing: document.bytes)
        #expect(set.keys == [good] && set.flaws.count == 3 && set.flaws[0].hasPrefix("keys[0]: "))
        #expect(VerifyingKeys(set).keys.map(\.kid) == [good.kid])
        for text in ["[]", "{}", #"{"keys":{}}"#, #"{"keys":[],"keys":[]}"#, "", "null"] {
            #expect(throws: KeyError.self) { try JSONWebKeySet(parsing: Array(text.utf8)) }
        }
        let many = JSON.object(["keys": .array([JSON](repeating: good.json, count: 201))])
        #expect(throws: KeyError.self) { try JSONWebKeySet(many) }
    }

    @Test func keysAreForWhatTheySay() throws {
        var key = try #require(SigningKey.generate(.RS256).publicJWK)
        key.algorithm = nil
        #expect(try VerifyingKey(key).algorithms == [.RS256, .RS384, .RS512, .PS256, .PS384, .PS512])
        #expect(try VerifyingKey(key, algorithms: [.PS256, .ES256]).algorithms == [.PS256])
        #expect(throws: KeyError.self) { try VerifyingKey(key, algorithms: [.HS256]) }
        key.algorithm = "RSA-OAEP"
        #expect(throws: KeyError.self) { try VerifyingKey(key) }
        key.algorithm = "RS512"
        #expect(try VerifyingKey(key).algorithms == [.RS512])
        key.use = "enc"
        #expect(throws: KeyError.self) { try VerifyingKey(key) }
        key.use = nil
        key.operations = ["encrypt"]
        #expect(throws: KeyError.self) { try VerifyingKey(key) }
        key.operations = ["verify"]
        #expect(throws: Never.self) { try VerifyingKey(key) }
    }

    @Test func nothingPrintsAKey() throws {
        let key = try SigningKey.generate(.HS256)
        guard case .secret(let secret) = key.jwk.material else { return }
        for text in ["\(key.jwk)", String(reflecting: key), String(reflecting: key.jwk.material)] {
            #expect(!text.contains(Base64URL.encode(secret)) && !text.contains("\(secret)"))
        }
        #expect(key.publicJWK == nil)
        #expect(JSONWebKeySet([key.jwk]).publicJSON == ["keys": []])
    }

    @Test func PEMsThatAreNone() {
        for text in [
            "", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----",
        ] {
            #expect(throws: KeyError.self) { try VerifyingKey(pem: text) }
            #expect(throws: KeyError.self) { try SigningKey(pem: text) }
        }
    }
}
