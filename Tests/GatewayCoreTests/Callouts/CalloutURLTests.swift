import GatewayCore
import Testing

@Suite("URLs of callouts")
struct CalloutURLTests {
    @Test(
        "a URL is taken apart and written again",
        arguments: [
            ("http://a", "http://a/"), ("HTTPS://ID.Example.com/jwks?x=1", "https://id.example.com/jwks?x=1"), ("http://a:80/", "http://a/"),
            ("https://a:80/", "https://a:80/"), ("http://[::1]:8200/v1", "http://[::1]:8200/v1"), ("http://127.0.0.1:9?q", "http://127.0.0.1:9/?q"),
            ("https://[fe80::1]", "https://[fe80::1]/"),
        ])
    func parses(_ text: String, _ expected: String) throws { #expect(try CalloutURL(parsing: text).description == expected) }

    @Test(
        "what can't be asked is refused, with the reason",
        arguments: [
            ("/jwks", .notAbsolute), ("id.example.com", .notAbsolute), ("", .notAbsolute), ("ftp://a/", .scheme), ("http://", .host),
            ("http://:80/", .host),
            ("http://a b/", .characters), ("http://a/\u{e9}", .characters), ("http://a/\r\nx: y", .characters), ("http://a/#f", .fragment),
            ("http://u:p@a/", .user), ("http://a_-/", .host), ("http://[::1/", .host), ("http://[::1]x/", .host), ("http://[a]/", .host),
            ("http://a:/", .port),
            ("http://a:0/", .port), ("http://a:65536/", .port), ("http://a:1x/", .port), ("http://a:+1/", .port),
        ] as [(String, CalloutURLError)])
    func refuses(_ text: String, _ expected: CalloutURLError) {
        #expect(throws: expected) { try CalloutURL(parsing: text) }
    }
}
