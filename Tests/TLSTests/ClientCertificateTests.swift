import Foundation
import Primitives
import Testing

@testable import TLS

/// Certificates as identities, against what the openssl command says of them.
@Suite struct ClientCertificateTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Cases/certificates")

    static func der(_ name: String) throws -> [UInt8] {
        let text = try String(contentsOf: folder.appending(path: "\(name).crt"), encoding: .utf8)
        let lines = text.split(separator: "\n").drop { !$0.hasPrefix("-----BEGIN") }.dropFirst().prefix { !$0.hasPrefix("-----END") }
        return Array(try #require(Data(base64Encoded: lines.joined())))
    }

    static func openssl(_ name: String, _ arguments: String...) throws -> String {
        let process = Process(), output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["openssl", "x509", "-in", folder.appending(path: "\(name).crt").path, "-noout"] + arguments
        process.standardOutput = output
        try process.run()
        process.waitUntilExit()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        return String(try #require(text.split(separator: "=", maxSplits: 1).last)).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    @Test(arguments: ["svid", "name", "address", "subject-only", "wildcard", "zero"]) func factsAreThoseOfTheCommand(name: String) throws {
        let certificate = try #require(ClientCertificate(der: try Self.der(name)))
        #expect(certificate.subject == (try Self.openssl(name, "-subject", "-nameopt", "RFC2253")))
        #expect(certificate.issuer == (try Self.openssl(name, "-issuer", "-nameopt", "RFC2253")))
        #expect(certificate.serial == (try Self.openssl(name, "-serial").lowercased()))
        #expect(
            certificate.fingerprint == (try Self.openssl(name, "-fingerprint", "-sha256").replacing(":", with: "").lowercased()))
        #expect(certificate.notAfter ?? 0 > 1_700_000_000)
    }

    @Test func workloads() throws {
        func workload(_ name: String) throws -> String? { try ClientCertificate(der: Self.der(name))?.spiffe?.description }
        #expect(try workload("svid") == "spiffe://prod.test/orders")
        for name in ["svid-two-uris", "svid-authority", "svid-domain", "name"] { #expect(try workload(name) == nil) }
    }

    @Test func whatIsCutOrFollowedIsNone() throws {
        let der = try Self.der("svid")
        #expect(ClientCertificate(der: der + [0]) == nil)
        for length in stride(from: 0, to: der.count, by: 7) { #expect(ClientCertificate(der: Array(der.prefix(length))) == nil) }
    }
}
