import COpenSSL
import Foundation
import Identity
import Primitives
import TLS
import Testing

@testable import Certificates

@Suite struct Base64URLTests {
    /// RFC 4648 §10, in the other alphabet and without padding.
    @Test(arguments: [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"), ("foobar", "Zm9vYmFy")])
    func vectors(plain: String, text: String) {
        #expect(Base64URL.encode(Array(plain.utf8)) == text && Base64URL.decode(text) == Array(plain.utf8))
    }

    @Test func theOtherAlphabet() {
        #expect(Base64URL.encode([0xfb, 0xff, 0xfe]) == "-__-" && Base64URL.decode("-__-") == [0xfb, 0xff, 0xfe])
        // Padding is for keys of authorities alone.
        #expect(Base64URL.decode("Zg==") == nil && ExternalAccount(keyID: "k", encodedKey: "Zg==")?.macKey == [0x66])
        #expect(ExternalAccount(keyID: "k", encodedKey: "==") == nil && ExternalAccount(keyID: "k", encodedKey: "Z=g") == nil)
        for bad in ["Z", "Zh", "Zm9=v", "Z g", "+/+/", "Zm9vé"] { #expect(Base64URL.decode(bad) == nil, "\(bad)") }
        #expect(
            Base64URL.isToken("aZ09-_") && !Base64URL.isToken("") && !Base64URL.isToken("a/b") && !Base64URL.isToken("..") && !Base64URL.isToken("a=")
        )
        #expect(!Base64URL.isToken(String(repeating: "a", count: 129)))
    }
}

@Suite struct KeyTests {
    @Test func signaturesAreES256() throws {
        let key = try PrivateKey.make(.ecdsaP256), message = Array("to be signed".utf8)
        for _ in 0..<20 {
            let signature = try key.signES256(message)
            #expect(signature.count == 64 && Self.verify(key, message, signature))
            #expect(!Self.verify(key, message + [0], signature))
        }
    }

    /// The signature as DER, for OpenSSL to judge.
    static func verify(_ key: PrivateKey, _ message: [UInt8], _ signature: [UInt8]) -> Bool {
        let pair = ECDSA_SIG_new()
        defer { ECDSA_SIG_free(pair) }
        ECDSA_SIG_set0(pair, BN_bin2bn(Array(signature[..<32]), 32, nil), BN_bin2bn(Array(signature[32...]), 32, nil))
        var encoded = [UInt8](repeating: 0, count: Int(i2d_ECDSA_SIG(pair, nil)))
        encoded.withUnsafeMutableBufferPointer { buffer in
            var start = buffer.baseAddress
            i2d_ECDSA_SIG(pair, &start)
        }
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        EVP_DigestVerifyInit(context, nil, EVP_sha256(), nil, key.handle)
        return EVP_DigestVerify(context, encoded, encoded.count, message, message.count) == 1
    }

    @Test func thumbprintsAreOfThePublicHalf() throws {
        let key = try PrivateKey.make(.ecdsaP256), jwk = try key.jwk()
        #expect(jwk["kty"]?.string == "EC" && jwk["crv"]?.string == "P-256" && jwk["d"] == nil)
        #expect(Base64URL.decode(jwk["x"]?.string ?? "")?.count == 32 && Base64URL.decode(jwk["y"]?.string ?? "")?.count == 32)
        // RFC 7638 §3: the members in the order of their names, nothing else.
        let text = #"{"crv":"P-256","kty":"EC","x":"\#(jwk["x"]?.string ?? "")","y":"\#(jwk["y"]?.string ?? "")"}"#
        #expect(try key.thumbprint() == Base64URL.encode(SHA256.digest(Array(text.utf8))))
    }

    /// RFC 4231 §4.3.
    @Test func messageAuthentication() throws {
        let code = try HMAC.sha256(key: Array("Jefe".utf8), Array("what do ya want for nothing?".utf8))
        #expect(code == DNSUpdateTests.bytes("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"))
    }

    @Test(arguments: [KeyKind.ecdsaP256, .rsa2048]) func requestsNameWhatIsWanted(kind: KeyKind) throws {
        let key = try PrivateKey.make(kind)
        let request = try CertificateSigningRequest.make(for: ["a.test", "*.b.test"], key: key)
        let text = try openssl(["req", "-inform", "DER", "-noout", "-text", "-verify"], request)
        #expect(text.contains("DNS:a.test, DNS:*.b.test") && text.contains(kind == .rsa2048 ? "Public-Key: (2048 bit)" : "NIST CURVE: P-256"))
        #expect(text.contains("verify OK"))
    }

    @Test func validationsAreAsRFC8737Has() throws {
        let certificate = try ValidationCertificate.make(for: "a.test", keyAuthorization: "token.print")
        #expect(certificate.names == ["a.test"])
    }

    private func openssl(_ arguments: [String], _ input: [UInt8]) throws -> String {
        let file = "\(NSTemporaryDirectory())/sluice-acme-\(UUID().uuidString)"
        try Data(input).write(to: URL(fileURLWithPath: file))
        defer { try? FileManager.default.removeItem(atPath: file) }
        let process = Process(), output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments + ["-in", file]
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self)
    }
}
