import Foundation
import Primitives
import Reactor
import Testing

@testable import TLS

/// The inputs that fuzzing begins with, and those that once broke something (Fuzz/README.md), as what a client sends.
@Suite struct RecordFuzzInputTests {
    private static func inputs() throws -> [(name: String, bytes: [UInt8])] {
        var root = URL(filePath: #filePath)
        for _ in 0..<3 { root.deleteLastPathComponent() }
        return try ["corpus", "crashes"].flatMap { folder -> [(name: String, bytes: [UInt8])] in
            let url = root.appending(path: "Fuzz/\(folder)/TLSRecords")
            guard FileManager.default.fileExists(atPath: url.path) else { return [] }
            return try FileManager.default.contentsOfDirectory(at: url, includingPropertiesForKeys: nil)
                .map { ($0.lastPathComponent, Array(try Data(contentsOf: $0))) }
        }
    }

    @Test func noHandshakeComesOfThem() throws {
        let inputs = try Self.inputs()
        #expect(inputs.count >= 15)
        var settings = TLSServerSettings()
        settings.certificates = [CertificateFiles(certificate: TestCertificates.a.certificate, key: TestCertificates.a.key)]
        let context = try TLSServerContext(settings)
        for (name, bytes) in inputs {
            let records = Array(bytes.dropFirst())
            let whole = try take([records], context), pieces = try take(records.map { [$0] }, context)
            #expect(whole == pieces, "\(name)")
        }
    }

    /// Whether it has failed. Only an alert or nothing goes back, and nothing gets through.
    private func take(_ pieces: [[UInt8]], _ context: TLSServerContext) throws -> Bool {
        let stream = try #require(context.stream())
        let plain = ByteBuffer(), sealed = ByteBuffer()
        var hasFailed = false
        for piece in pieces where !hasFailed {
            piece.withView { if stream.open($0, plain: plain, sealed: sealed) != .going { hasFailed = true } }
        }
        #expect(!stream.isReady && plain.isEmpty)
        #expect(hasFailed == (stream.failure != nil))
        return hasFailed
    }
}
