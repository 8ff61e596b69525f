import COpenSSL
import Foundation
import Primitives
import Reactor
import Synchronization
import Testing

@testable import TLS

/// A client and a server face to face in memory.
@Suite struct TLSStreamTests {
    let client: TestClient
    let context: TLSServerContext

    init() throws {
        client = try TestClient()
        context = try TLSServerContext(TLSStreamTests.settings, answerToPlainHTTP: "use https")
    }

    private static var settings: TLSServerSettings {
        var settings = TLSServerSettings()
        settings.certificates = [
            CertificateFiles(certificate: TestCertificates.a.certificate, key: TestCertificates.a.key),
            CertificateFiles(certificate: TestCertificates.b.certificate, key: TestCertificates.b.key),
        ]
        return settings
    }

    private func pair(_ name: String = "a.test", version: Int32 = TLS1_3_VERSION, session: OpaquePointer? = nil) throws -> Pair {
        Pair(try client.stream(name, version: version, session: session), try #require(context.stream()))
    }

    private func connected(_ name: String = "a.test", version: Int32 = TLS1_3_VERSION, session: OpaquePointer? = nil) throws -> Pair {
        let pair = try pair(name, version: version, session: session)
        #expect(pair.shakeHands() == (.going, .going))
        #expect(pair.client.isReady && pair.server.isReady)
        return pair
    }

    @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION], [1, 7, Int.max]) func bytesGoBothWays(version: Int32, piece: Int) throws {
        let pair = try pair(version: version)
        #expect(pair.shakeHands(piece: piece) == (.going, .going))
        #expect(pair.server.version == (version == TLS1_3_VERSION ? .tls13 : .tls12) && pair.server.serverName == "a.test")
        for size in [1, 100, 16384, 16385, 70_000] {
            let sent = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            sent.withView { #expect(pair.client.seal($0, $0, sealed: pair.toServer) && pair.server.seal($0, ByteView(), sealed: pair.toClient)) }
            #expect(pair.settle(piece: piece) == (.going, .going))
            #expect(pair.atServer.view.array == sent + sent && pair.atClient.view.array == sent)
            pair.atServer.clear()
            pair.atClient.clear()
        }
    }

    @Test func theEndIsAnnounced() throws {
        let pair = try connected()
        "last".withView { _ = pair.client.seal($0, ByteView(), sealed: pair.toServer) }
        pair.client.end(sealed: pair.toServer)
        #expect(pair.settle() == (.going, .ended))
        #expect(pair.atServer.view.string == "last")
        // The other direction is still open.
        "answer".withView { #expect(pair.server.seal($0, ByteView(), sealed: pair.toClient)) }
        pair.settle()
        #expect(pair.atClient.view.string == "answer")
    }

    @Test func aChangedRecordIsAFailure() throws {
        let pair = try connected()
        "secret".withView { _ = pair.client.seal($0, ByteView(), sealed: pair.toServer) }
        let last = pair.toServer.count - 1
        pair.toServer.replace(at: last, with: pair.toServer.view[last] ^ 1)
        guard case .failed = pair.settle().server else {
            Issue.record("taken for good")
            return
        }
        #expect(pair.atServer.isEmpty && pair.server.failure != nil)
        "more".withView { #expect(!pair.server.seal($0, ByteView(), sealed: pair.toClient)) }
    }

    @Test func whoSpeaksPlainHTTPIsTold() throws {
        let server = try #require(context.stream())
        let answer = ByteBuffer()
        let progress = "GET / HTTP/1.1\r\n\r\n".withView { server.open($0, plain: ByteBuffer(), sealed: answer) }
        #expect(answer.view.string == "use https")
        #expect(progress != .going && !server.isReady)
    }

    // MARK: Sessions

    @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION]) func sessionsGoOn(version: Int32) throws {
        let first = try connected(version: version)
        #expect(!first.server.isResumed)
        let session = try #require(SSL_get1_session(first.client.ssl))
        defer { SSL_SESSION_free(session) }
        #expect(try connected(version: version, session: session).server.isResumed)
    }

    /// Hours after a ticket was sealed, with a new key each twelve of them.
    @Test(arguments: [(0, true), (11, true), (13, true), (26, true), (40, false)]) func keysRotate(hours: UInt64, resumes: Bool) throws {
        let clock = Mutex(Instant(nanoseconds: 1))
        let keys = TicketKeys(clock: { clock.withLock { $0 } })
        let context = try TLSServerContext(TLSStreamTests.settings, tickets: keys)
        func connect(_ session: OpaquePointer?) throws -> Pair {
            let pair = Pair(try client.stream(session: session), try #require(context.stream()))
            #expect(pair.shakeHands() == (.going, .going))
            return pair
        }
        let first = try connect(nil)
        let session = try #require(SSL_get1_session(first.client.ssl))
        defer { SSL_SESSION_free(session) }
        for _ in 0..<hours {
            clock.withLock { $0 = $0 + .seconds(3600) }
            _ = try connect(nil)
        }
        #expect(try connect(session).server.isResumed == resumes)
    }

    /// Keys from a file: what seals, what opens, and for how long.
    @Test func keysOfAFile() throws {
        let path = "\(TestCertificates.folder)/tickets.key"
        defer { unlink(path) }
        func write(_ keys: UInt8...) throws { try Data(keys.flatMap { [UInt8](repeating: $0, count: 80) }).write(to: URL(filePath: path)) }
        let clock = Mutex(Instant(nanoseconds: 1))
        func read(before: TicketKeys? = nil) throws -> TicketKeys { try TicketKeys(file: path, before: before, clock: { clock.withLock { $0 } }) }
        // A connection that goes without saying so takes its session with it.
        var kept: [Pair] = []
        func session(_ keys: TicketKeys) throws -> OpaquePointer {
            let pair = Pair(try client.stream(), try #require(TLSServerContext(TLSStreamTests.settings, tickets: keys).stream()))
            #expect(pair.shakeHands() == (.going, .going))
            kept.append(pair)
            return try #require(SSL_get1_session(pair.client.ssl))
        }
        func resumes(_ session: OpaquePointer, with keys: TicketKeys) throws -> Bool {
            let pair = Pair(try client.stream(session: session), try #require(TLSServerContext(TLSStreamTests.settings, tickets: keys).stream()))
            #expect(pair.shakeHands() == (.going, .going))
            kept.append(pair)
            return pair.server.isResumed
        }
        try write(1)
        let first = try read()
        let ofFirst = try session(first)
        defer { SSL_SESSION_free(ofFirst) }
        #expect(try resumes(ofFirst, with: read()), "another process has the same keys")
        try write(2)
        let second = try read(before: first)
        #expect(try resumes(ofFirst, with: second) && !resumes(ofFirst, with: read()), "what stood in the file before still opens")
        clock.withLock { $0 = $0 + .seconds(25 * 3600) }
        #expect(try !resumes(ofFirst, with: second), "for a day")
        let ofSecond = try session(second)
        defer { SSL_SESSION_free(ofSecond) }
        clock.withLock { $0 = $0 + .seconds(1000 * 3600) }
        #expect(try resumes(ofSecond, with: second), "those of the file live as long as the file")
        try write(3, 2)
        #expect(try resumes(ofSecond, with: read()), "any of the file opens")
        try Data([1, 2, 3]).write(to: URL(filePath: path))
        #expect(throws: TLSError.self) { try read() }
    }

    // MARK: Certificates

    @Test(arguments: [("a.test", EVP_PKEY_EC), ("b.test", EVP_PKEY_RSA), ("c.test", EVP_PKEY_EC)]) func theNameChooses(
        name: String, kind: Int32
    ) throws {
        let pair = try connected(name)
        let shown = try #require(SSL_get1_peer_certificate(pair.client.ssl))
        defer { X509_free(shown) }
        #expect(EVP_PKEY_get_base_id(X509_get0_pubkey(shown)) == kind)
    }

    @Test func aKeyOfAnotherCertificateIsRefused() {
        var settings = TLSServerSettings()
        settings.certificates = [CertificateFiles(certificate: TestCertificates.a.certificate, key: TestCertificates.b.key)]
        #expect(throws: TLSError.self) { try TLSServerContext(settings) }
    }

    @Test func unknownCiphersAreRefused() {
        var settings = TLSStreamTests.settings
        settings.ciphers = "NONSENSE"
        #expect(throws: TLSError.self) { try TLSServerContext(settings) }
    }
}

@Suite struct ServerNamesTests {
    @Test(arguments: [
        ("a.test", 0), ("A.TEST", 0), ("b.test", 1), ("x.b.test", 1), ("y.x.b.test", 0), ("exact.b.test", 2), ("test", 0), ("", 0), (".b.test", 1),
    ]) func choose(name: String, index: Int) {
        var names = ServerNames()
        names.add(["a.test"], 0)
        names.add(["b.test", "*.b.test"], 1)
        names.add(["exact.b.test", "a.test"], 2)
        #expect(names.index(of: name) == index)
    }
}
