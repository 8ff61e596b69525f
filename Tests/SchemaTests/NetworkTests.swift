import Primitives
import Testing

@testable import Schema

@Suite struct NetworkTests {
    @Test(arguments: [
        "127.0.0.1:80", "[::1]:9001", "orders.internal:80", "a_b:1", "unix:/run/x.sock", "host:65535", "xn--bcher-kva.example:443", "_http._tcp.orders.internal",
    ])
    func endpoints(_ text: String) { #expect(EndpointAddress(parsing: text)?.text == text) }

    @Test(arguments: [
        "", "host", ":80", "host:", "host:0", "host:65536", "host:+1", "::1:80", "[::1]", "[127.0.0.1]:80", "[::1:80", "1.2.3:80",
        "256.1.1.1:80",
        "_a b", "_a..b", "_a.1", "a b:80", "-a:80", "a..b:80", "http://a:80", "unix:", "unix:x", "a/b:80",
    ])
    func noEndpoints(_ text: String) { #expect(EndpointAddress(parsing: text) == nil) }

    @Test func names() { #expect(EndpointAddress(parsing: "Orders.Internal:80") == .name("orders.internal", port: 80)) }

    @Test func binds() {
        #expect(BindAddress(parsing: "127.0.0.1:0")?.text == "127.0.0.1:0")
        #expect(BindAddress(parsing: "[::1]:80")?.isLocal == true)
        #expect(BindAddress(parsing: "unix:/x")?.isLocal == true)
        #expect(BindAddress(parsing: "0.0.0.0:80")?.isLocal == false)
        #expect(BindAddress(parsing: "localhost:80") == nil)
    }

    @Test func statusRanges() {
        #expect(StatusRange(parsing: "200")?.codes == 200...200)
        #expect(StatusRange(parsing: "200-399")?.text == "200-399")
        for text in ["", "-", "99", "600", "300-200", "200-", "2xx", "200-300-400"] {
            #expect(StatusRange(parsing: text) == nil, "\(text)")
        }
    }
}
