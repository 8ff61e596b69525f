import Primitives
import Testing

@Suite struct SubjectAltNameTests {
    @Test(arguments: [
        ("orders.test", "DNS:orders.test"), ("Orders.TEST", "DNS:orders.test"), ("10.0.0.1", "IP:10.0.0.1"), ("fd00::1", "IP:fd00::1"),
        ("spiffe://a/b", "URI:spiffe://a/b"), ("https://a.test/", "URI:https://a.test/"), ("a_b", "DNS:a_b"), ("localhost", "DNS:localhost"),
    ]) func parsing(_ text: String, _ expected: String) { #expect(SubjectAltName(parsing: text)?.description == expected) }

    @Test(arguments: ["", "a b", "a..b", ".a", "a.", "-a", "a-", "*.a.test", "a:80", "https://a b/", "ä.test", String(repeating: "a", count: 64)])
    func noNames(_ text: String) { #expect(SubjectAltName(parsing: text) == nil) }

    @Test(arguments: [
        ("*.a.test", "b.a.test", true), ("*.a.test", "a.test", false), ("*.a.test", "c.b.a.test", false), ("*.test", "a.test", false),
        ("*.a.test", ".a.test", false), ("b*.a.test", "bc.a.test", false), ("*b.a.test", "cb.a.test", false), ("a.test", "a.test", true),
        ("b.*.test", "b.a.test", false), ("*", "a", false), ("*.", "a.", false),
    ]) func wildcards(_ pattern: String, _ name: String, _ covers: Bool) {
        #expect(SubjectAltName.dns(pattern).covers(.dns(name)) == covers)
    }

    @Test func kindsDiffer() {
        #expect(!SubjectAltName.dns("10.0.0.1").covers(.ip(IPAddress(v4: 0x0a00_0001))))
        #expect(!SubjectAltName.uri("a.test").covers(.dns("a.test")))
    }
}

@Suite struct SPIFFEIDTests {
    @Test(arguments: ["spiffe://a", "spiffe://a.b-c_d/x", "spiffe://prod.test/ns/default/sa/Orders_1.2", "spiffe://a/.../b"]) func ids(_ text: String)
    {
        #expect(SPIFFEID(parsing: text)?.description == text)
    }

    @Test(arguments: [
        "", "spiffe://", "spiffe:///a", "SPIFFE://a/b", "spiffe://A/b", "spiffe://a/", "spiffe://a/b/", "spiffe://a//b", "spiffe://a/./b",
        "spiffe://a/../b", "spiffe://a:80/b", "spiffe://u@a/b", "spiffe://a/b?c", "spiffe://a/b#c", "spiffe://a/%41", "https://a/b",
        "spiffe://a/" + String(repeating: "b", count: 2048), "spiffe://" + String(repeating: "a", count: 256) + "/b",
    ]) func none(_ text: String) { #expect(SPIFFEID(parsing: text) == nil) }
}
