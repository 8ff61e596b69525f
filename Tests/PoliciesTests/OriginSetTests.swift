import Expressions
import Primitives
import Testing

@testable import Policies

@Suite struct OriginSetTests {
    private func allows(_ origins: [AllowedOrigin], _ origin: String) throws -> Bool {
        let set = try OriginSet(origins)
        var scratch = OriginSet.Scratch()
        return origin.withView { set.contains($0, scratch: &scratch) }
    }

    /// How origins are read, and what they are afterwards.
    @Test(arguments: [
        ("*", AllowedOrigin.all), ("null", .opaque), ("https://a.test", .exact("https://a.test")), ("HTTPS://A.Test", .exact("https://a.test")),
        ("https://a.test:443", .exact("https://a.test")), ("http://a.test:80", .exact("http://a.test")),
        ("http://a.test:443", .exact("http://a.test:443")), ("http://[::1]:8080", .exact("http://[::1]:8080")),
        ("chrome-extension://abc", .exact("chrome-extension://abc")), ("https://*.a.test", .subdomains(prefix: "https://", suffix: ".a.test")),
        ("https://*.a.test:8443", .subdomains(prefix: "https://", suffix: ".a.test:8443")),
    ])
    func isRead(text: String, expected: AllowedOrigin) throws { #expect(try AllowedOrigin(text) == expected) }

    @Test(arguments: [
        "", "a.test", "//a.test", "https://", "https://a.test/", "https://a.test/path", "https://a.test?", "https://u@a.test", "https://a b",
        "https://é.test", "https://*", "https://*.", "https://a.*.test", "https://*a.test", "https://*.*.test", "*.a.test", "1://a", "NULL",
    ])
    func isRefused(text: String) { #expect(throws: AllowedOrigin.Flaw.self) { try AllowedOrigin(text) } }

    @Test func hundredsOfOriginsAreToldApart() throws {
        let origins = (0..<500).map { AllowedOrigin.exact("https://tenant-\($0).test") }
        for i in stride(from: 0, to: 500, by: 37) {
            #expect(try allows(origins, "https://TENANT-\(i).test"))
            #expect(try !allows(origins, "https://tenant-\(i + 500).test"))
        }
    }

    @Test func whatIsNoOriginAtAllIsNotAllowed() throws {
        let origins: [AllowedOrigin] = [.exact("https://a.test"), .subdomains(prefix: "https://", suffix: ".a.test"), .regex("https://b\\.test")]
        for origin in ["", " ", "null", "https://", "https://a.test ", "https://a.test,https://a.test", "https://x y.a.test", "https://b.test\n"] {
            #expect(try !allows(origins, origin), "\(origin)")
        }
    }
}
