import Testing

@testable import Identity

@Suite struct RedirectURITests {
    @Test(arguments: [
        "https://app.example.com/cb", "https://app.example.com", "https://app.example.com:8443/cb?a=b", "http://127.0.0.1/cb",
        "http://localhost:3000/cb", "http://[::1]:9/cb", "com.example.app:/cb", "com.example.app://cb",
    ])
    func accepts(text: String) throws { #expect(try RedirectURI(parsing: text).matches(text)) }

    @Test(arguments: [
        ("", RedirectURIError.characters), ("https://a.example/ b", .characters), ("https://a.example/\\b", .characters),
        ("https://a.example/é", .characters), ("https://a.example/#x", .fragment), ("/cb", .relative), ("https:cb", .relative),
        ("https://u@a.example/", .relative), ("https:///cb", .relative), ("http://app.example.com/cb", .insecure),
        ("http://127.0.0.1.example.com/", .insecure), ("http://localhost.example.com/", .insecure), ("javascript:alert(1)", .scheme),
        ("data:text/html,x", .scheme), ("app:/cb", .scheme), ("1a.b:/cb", .relative),
    ])
    func refuses(text: String, error: RedirectURIError) { #expect(throws: error) { try RedirectURI(parsing: text) } }

    @Test(arguments: [
        "https://app.example.com/cb/", "https://app.example.com/CB", "https://APP.example.com/cb", "https://app.example.com/cb?x",
        "https://app.example.com/cb#x", "https://app.example.com:443/cb", "http://app.example.com/cb", "https://app.example.com/cb/../x",
        "https://app.example.com/c%62", "https://app.example.com.evil.example/cb", "https://app.example.com@evil.example/cb",
    ])
    func matchesNothingElse(asked: String) throws { #expect(try !RedirectURI(parsing: "https://app.example.com/cb").matches(asked)) }

    /// RFC 8252 §7.3.
    @Test(arguments: [
        ("http://127.0.0.1/cb", "http://127.0.0.1:49152/cb", true), ("http://[::1]/cb", "http://[::1]:1/cb", true),
        ("http://127.0.0.1/cb", "http://127.0.0.1:0/cb", false), ("http://127.0.0.1/cb", "http://127.0.0.1:65536/cb", false),
        ("http://127.0.0.1/cb", "http://127.0.0.1:/cb", false), ("http://127.0.0.1/cb", "http://127.0.0.1:80/cbx", false),
        ("http://127.0.0.1/cb", "http://127.0.0.1:80@evil.example/cb", false), ("http://localhost/cb", "http://localhost:80/cb", false),
        ("http://127.0.0.1:80/cb", "http://127.0.0.1:81/cb", false),
    ])
    func appsListenOnAnyPort(registered: String, asked: String, matches: Bool) throws {
        #expect(try RedirectURI(parsing: registered).matches(asked) == matches)
    }

    @Test func addsFields() {
        #expect(RedirectURI.adding([("a", "1 2")], to: "https://a.example/") == "https://a.example/?a=1%202")
        #expect(RedirectURI.adding([("a", "&")], to: "https://a.example/?b=c") == "https://a.example/?b=c&a=%26")
        #expect(RedirectURI.adding([("a", "1")], to: "https://a.example/?") == "https://a.example/?a=1")
    }
}
