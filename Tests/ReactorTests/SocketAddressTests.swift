import Primitives
import Reactor
import Testing

@Suite struct SocketAddressTests {
    @Test func textForms() {
        for text in ["127.0.0.1:80", "[::1]:8080", "0.0.0.0:0", "[2001:db8::1]:65535", "unix:/run/x.sock"] {
            #expect(SocketAddress(parsing: text)?.description == text)
        }
        for text in [
            "", "80", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "localhost:80", "unix:", "[::1]", "1.2.3.4:80:80",
        ] {
            #expect(SocketAddress(parsing: text) == nil, "\(text)")
        }
        #expect(SocketAddress(parsing: "unix:" + String(repeating: "x", count: 107)) == nil)
    }

    @Test func instants() {
        let one = Instant(nanoseconds: 5)
        #expect(one + .max == .never && Instant.never + 1 == .never)
        #expect(one - Instant(nanoseconds: 9) == 0 && Instant(nanoseconds: 9) - one == 4)
        #expect(Nanoseconds.milliseconds(-1) == 0 && Nanoseconds.seconds(2) == 2_000_000_000)
    }
}
