import Reactor
import TLS
import Testing

@testable import Certificates

@Suite struct CertificateTableTests {
    let table = CertificateTable()

    func certificate(_ name: String) throws -> Certificate { try ValidationCertificate.make(for: name, keyAuthorization: "t.p") }

    func found(_ name: String, _ purpose: CertificatePurpose = .service) -> [String]? {
        if case .certificate(let certificate) = table.lookUp(name, for: purpose) { certificate.names } else { nil }
    }

    @Test func exactNamesComeBeforeWildcards() throws {
        var served = ServedCertificates()
        served.add(try certificate("*.a.test"), for: ["*.a.test", "a.test"])
        served.add(try certificate("b.a.test"), for: ["b.a.test"])
        table.update(served, onDemand: nil, validates: [])
        #expect(found("b.a.test") == ["b.a.test"] && found("c.a.test") == ["*.a.test"] && found("a.test") == ["*.a.test"])
        #expect(found("d.c.a.test") == nil && found("test") == nil && found("") == nil)
        #expect(table.has("c.a.test") && !table.has("x.test"))
    }

    @Test func withoutAServiceNothingIsWaitedFor() {
        var onDemand = OnDemandSettings(issuer: "x")
        onDemand.allow = ["*.test"]
        table.update(ServedCertificates(), onDemand: onDemand, validates: ["a.test"])
        for purpose in [CertificatePurpose.service, .validation] {
            guard case .none = table.lookUp("a.test", for: purpose) else {
                Issue.record("waits for nobody")
                continue
            }
        }
    }

    @Test func whatMayComeIsWaitedForUntilItIsRefused() throws {
        var onDemand = OnDemandSettings(issuer: "x")
        onDemand.allow = ["*.shop.test"]
        let service = try CertificateService(table: table, report: { _ in })
        defer { service.stop() }
        table.serve(by: service)
        table.update(ServedCertificates(), onDemand: onDemand, validates: ["a.test"])
        func waits(_ name: String, _ purpose: CertificatePurpose = .service) -> Bool {
            if case .later = table.lookUp(name, for: purpose) { true } else { false }
        }
        #expect(waits("b.shop.test") && !waits("b.test") && !waits("../b.shop.test") && !waits("a.test"))
        #expect(waits("a.test", .validation) && waits("b.shop.test", .validation) && !waits("c.test", .validation))
        table.refuse("b.shop.test", for: .seconds(60))
        table.refuse("c.shop.test", for: 0)
        #expect(!waits("b.shop.test") && waits("c.shop.test"))
        table.setValidation(try certificate("a.test"), for: "a.test")
        #expect(found("a.test", .validation) == ["a.test"] && found("a.test") == nil)
    }
}
