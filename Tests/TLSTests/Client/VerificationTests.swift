import Primitives
import TLS
import Testing

@Suite struct VerificationTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let certificate: String
        var host = TLSHost.name("orders.test")
        var authority = "ca"
        /// A part of what is said; nil when the certificate is trusted.
        let refusal: String?
        var change: @Sendable (inout TLSClientSettings) -> Void = { _ in }
        var testDescription: String { "\(certificate) \(refusal ?? "trusted")" }
    }

    static let spiffe: @Sendable (inout TLSClientSettings) -> Void = { $0.spiffe = SPIFFEPeer(trustDomain: "prod.test", ids: []) }

    static let cases: [Case] = [
        // Chains.
        Case(certificate: "name", refusal: nil),
        Case(certificate: "name", authority: "other", refusal: "unable to get local issuer certificate; the certificate is for DNS:orders.test"),
        Case(certificate: "self", refusal: "self-signed certificate"),
        Case(certificate: "self", authority: "self", refusal: nil),
        Case(certificate: "name", authority: "name", refusal: nil),
        Case(
            certificate: "expired",
            refusal: "certificate has expired; the certificate is for DNS:orders.test; issuer /CN=Test CA; valid from 2020-01-01"),
        Case(certificate: "client-only", refusal: "unsuitable certificate purpose"),
        Case(certificate: "self", refusal: nil) { $0.verifies = false },
        // Names.
        Case(certificate: "name", host: .name("ORDERS.test"), refusal: nil),
        Case(certificate: "name", host: .name("billing.test"), refusal: nil),
        Case(certificate: "name", host: .name("other.test"), refusal: "expected the name DNS:other.test, but the certificate is for DNS:orders.test"),
        Case(certificate: "name", host: .name("a.orders.test"), refusal: "expected the name"),
        Case(certificate: "name", host: .name("other.test"), refusal: nil) { $0.serverName = "orders.test" },
        Case(certificate: "wildcard", host: .name("a.orders.test"), refusal: nil),
        Case(certificate: "wildcard", refusal: "expected the name"),
        Case(certificate: "wildcard", host: .name("a.b.orders.test"), refusal: "expected the name"),
        Case(certificate: "subject-only", refusal: "the certificate is for no name"),
        Case(certificate: "zero", refusal: "the certificate is for no name"),
        Case(certificate: "address", host: .address(IPAddress(v4: 0x0a00_0001)), refusal: nil),
        Case(certificate: "address", host: .address(IPAddress(high: 0xfd00_0000_0000_0000, low: 1)), refusal: nil),
        Case(certificate: "address", host: .address(IPAddress(v4: 0x0a00_0002)), refusal: "expected the name IP:10.0.0.2"),
        Case(certificate: "name", host: .unnamed, refusal: "neither the endpoint nor the settings"),
        // Pinned names: the host's does not count.
        Case(certificate: "name", host: .unnamed, refusal: nil) { $0.subjectAltNames = [.dns("x.test"), .dns("billing.test")] },
        Case(certificate: "name", refusal: "expected one of the names DNS:x.test") { $0.subjectAltNames = [.dns("x.test")] },
        Case(certificate: "svid", refusal: nil) { $0.subjectAltNames = [.uri("spiffe://prod.test/orders")] },
        Case(certificate: "expired", refusal: "expired") { $0.subjectAltNames = [.dns("orders.test")] },
        // SPIFFE.
        Case(certificate: "svid", host: .unnamed, refusal: nil, change: spiffe),
        Case(certificate: "svid", authority: "other", refusal: "unable to get local issuer", change: spiffe),
        Case(certificate: "svid", refusal: "trust domain other.test") { $0.spiffe = SPIFFEPeer(trustDomain: "other.test", ids: []) },
        Case(certificate: "svid", refusal: nil) {
            $0.spiffe = SPIFFEPeer(trustDomain: "prod.test", ids: ["/x", "/orders"].compactMap { SPIFFEID(parsing: "spiffe://prod.test\($0)") })
        },
        Case(certificate: "svid", refusal: "SPIFFE IDs spiffe://prod.test/order,") {
            $0.spiffe = SPIFFEPeer(trustDomain: "prod.test", ids: ["/order"].compactMap { SPIFFEID(parsing: "spiffe://prod.test\($0)") })
        },
        Case(certificate: "svid-two-uris", refusal: "exactly one URI, and this has 2", change: spiffe),
        Case(certificate: "svid-domain", refusal: "no workload's SPIFFE ID", change: spiffe),
        Case(certificate: "svid-authority", refusal: "certificate of an authority", change: spiffe),
        Case(certificate: "svid-no-usage", refusal: "digitalSignature", change: spiffe),
        Case(certificate: "svid-agreement", refusal: "digitalSignature", change: spiffe),
        Case(certificate: "name", refusal: "exactly one URI, and this has 0", change: spiffe),
    ]

    @Test(arguments: cases) func verification(_ test: Case) throws {
        let server = TestServer(certificate: test.certificate)
        var settings = TLSClientSettings()
        settings.authorities = "\(TestServer.folder)\(test.authority).crt"
        test.change(&settings)
        let (stream, peer) = try #require(TLSEndpoint(try TLSClientContext(settings), host: test.host).stream(sessions: nil))
        let end = server.shakeHands(with: stream)
        if let refusal = test.refusal {
            #expect(end == .failed && !stream.isReady)
            #expect(peer.refusal?.contains(refusal) ?? false, "\(peer.refusal ?? "nothing")")
        } else {
            #expect(end == .done && stream.isReady && peer.refusal == nil, "\(peer.refusal ?? stream.failure ?? "nothing")")
        }
    }

    @Test func whatIsAskedFor() throws {
        for (host, name, expected) in [
            (TLSHost.name("a.test"), nil, "a.test"), (.name("a.test"), "b.test", "b.test"), (.address(.loopback), nil, nil),
            (.address(.loopback), "b.test", "b.test"), (.unnamed, nil, nil),
        ] as [(TLSHost, String?, String?)] {
            var settings = TLSClientSettings()
            settings.verifies = false
            settings.serverName = name
            settings.protocols = [.http2, .http1]
            let server = TestServer(certificate: "name")
            let (stream, _) = try #require(TLSEndpoint(try TLSClientContext(settings), host: host).stream(sessions: nil))
            #expect(server.shakeHands(with: stream) == .done)
            #expect(server.name == expected)
            #expect(stream.applicationProtocol == .http2)
        }
    }

    @Test(arguments: [("ca", "leaf", "no certificate that can be read"), ("name", "stranger", "not the certificate's"), ("name", "name", "no key")])
    func certificatesThatCanNotBeUsed(_ certificate: String, _ key: String, _ message: String) throws {
        var settings = TLSClientSettings()
        settings.verifies = false
        settings.certificate = "\(TestServer.folder)\(certificate == "ca" ? "make.sh" : "\(certificate).crt")"
        settings.key = "\(TestServer.folder)\(key == "name" ? "name.crt" : "\(key).key")"
        #expect { try TLSClientContext(settings) } throws: { "\($0)".contains(message) }
    }

    @Test func authoritiesThatCanNotBeRead() {
        var settings = TLSClientSettings()
        settings.authorities = "\(TestServer.folder)leaf.key"
        #expect { try TLSClientContext(settings) } throws: { "\($0)".contains("no certificates that can be read") }
    }
}
