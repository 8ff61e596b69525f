import COpenSSL
import Primitives
import Reactor
import Synchronization
import Testing

@testable import TLS

/// Handshakes whose certificate comes from a source, at once or later.
@Suite struct CertificateSourceTests {
    /// Has one certificate, for `b.test`, once it was told to.
    final class Source: CertificateSource {
        private let state = Mutex((hasIt: false, asked: [String]()))

        func have() { state.withLock { $0.hasIt = true } }
        var asked: [String] { state.withLock { $0.asked } }

        func lookUp(_ name: String, for purpose: CertificatePurpose) -> CertificateLookup {
            let hasIt = state.withLock { state in
                state.asked.append(name)
                return state.hasIt
            }
            guard name == "b.test", purpose == .service else { return .none }
            let files = CertificateFiles(certificate: TestCertificates.b.certificate, key: TestCertificates.b.key)
            return hasIt ? (try? Certificate(files)).map { .certificate($0) } ?? .none : .later
        }

        func prepare(_ name: String, for purpose: CertificatePurpose, done: @escaping @Sendable () -> Void) { done() }
    }

    let source = Source()
    let client: TestClient

    init() throws { client = try TestClient() }

    private func pair(_ name: String, files: [CertificateFiles] = [], version: Int32 = TLS1_3_VERSION) throws -> Pair {
        var settings = TLSServerSettings()
        settings.certificates = files
        settings.hasSource = true
        let context = try TLSServerContext(settings, source: source)
        return Pair(try client.stream(name, version: version), try #require(context.stream()))
    }

    private func name(_ pair: Pair) -> String {
        guard let certificate = SSL_get1_peer_certificate(pair.client.ssl) else { return "" }
        defer { X509_free(certificate) }
        return CertificateFacts(certificate).names.map(\.description).joined()
    }

    @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION], [1, Int.max]) func whatIsThereIsShown(version: Int32, piece: Int) throws {
        source.have()
        let pair = try pair("B.test", version: version)
        #expect(pair.shakeHands(piece: piece) == (.going, .going) && pair.server.isReady)
        #expect(name(pair) == "DNS:b.test" && source.asked == ["b.test"])
    }

    @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION]) func whatComesLaterIsWaitedFor(version: Int32) throws {
        let pair = try pair("b.test", version: version)
        var waits: [String] = []
        pair.server.awaitsCertificate = { name, _ in waits.append(name) }
        #expect(pair.shakeHands() == (.going, .going) && !pair.server.isReady && waits == ["b.test"])
        source.have()
        pair.server.resume()
        #expect(pair.server.open(ByteView(), plain: pair.atServer, sealed: pair.toClient) == .going)
        #expect(pair.settle() == (.going, .going) && pair.server.isReady && name(pair) == "DNS:b.test")
        "through".withView { _ = pair.client.seal($0, ByteView(), sealed: pair.toServer) }
        pair.settle()
        #expect(pair.atServer.view.string == "through" && waits == ["b.test"])
    }

    @Test func whatDoesNotComeIsRefusedOnce() throws {
        let pair = try pair("b.test")
        _ = pair.shakeHands()
        pair.server.resume()
        guard case .failed = pair.server.open(ByteView(), plain: pair.atServer, sealed: pair.toClient) else {
            Issue.record("waits again")
            return
        }
        pair.settle()
        #expect(pair.client.failure?.contains("unrecognized name") == true)
    }

    @Test func bytesThatComeMeanwhileAreKept() throws {
        let pair = try pair("b.test")
        _ = pair.shakeHands()
        // Rubbish behind the ClientHello: read only after it, and then a failure.
        for _ in 0..<3 { #expect([0x15, 0x03].withView { pair.server.open($0, plain: pair.atServer, sealed: pair.toClient) } == .going) }
        let much = [UInt8](repeating: 0, count: 20_000)
        guard case .failed = much.withView({ pair.server.open($0, plain: pair.atServer, sealed: pair.toClient) }) else {
            Issue.record("keeps everything")
            return
        }
    }

    @Test func filesComeFirstAndAreTheFallback() throws {
        let a = CertificateFiles(certificate: TestCertificates.a.certificate, key: TestCertificates.a.key)
        for host in ["a.test", "c.test"] {
            let pair = try pair(host, files: [a])
            #expect(pair.shakeHands() == (.going, .going) && name(pair) == "DNS:a.test")
        }
        #expect(source.asked == ["c.test"])
    }

    @Test func whoNamesNobodyIsAskedFor() throws {
        let pair = try pair("")
        guard case .failed = pair.shakeHands().server else {
            Issue.record("shows something")
            return
        }
        #expect(source.asked == [""])
    }

    @Test func withoutAnyTheNameIsNotRecognized() throws {
        let pair = try pair("c.test")
        guard case .failed = pair.shakeHands().server else {
            Issue.record("shows something")
            return
        }
        #expect(pair.client.failure?.contains("unrecognized name") == true)
    }

    @Test func certificatesAreNeededWithoutASource() {
        #expect(throws: TLSError.self) { try TLSServerContext(TLSServerSettings()) }
    }
}
