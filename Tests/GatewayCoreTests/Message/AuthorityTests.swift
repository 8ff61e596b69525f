import GatewayCore
import Primitives
import Testing

@Suite struct AuthorityTests {
    @Test func lengthsOfHosts() {
        let rows: [(String, Int?)] = [
            ("a", 1), ("example.org", 11), ("example.org:80", 11), ("example.org:", 11), ("[::1]", 5), ("[::1]:8080", 5), ("a_b-c~d", 7),
            ("192.0.2.1:1", 9), ("", nil), (":80", nil), ("a:99999", nil), ("a:123456", nil), ("a:+1", nil), ("[::1", nil), ("[]", nil), ("[g]", nil),
            ("a@b", nil), ("a/b", nil), ("a b", nil), (".a", nil), ("a%41", nil), ("[::1]80", nil), ("caffè", nil),
        ]
        for (text, length) in rows { #expect(text.withView { Authority.hostLength($0) } == length, "\(text)") }
        #expect(String(repeating: "a", count: 512).withView { Authority.hostLength($0) } == 512)
        #expect(String(repeating: "a", count: 513).withView { Authority.hostLength($0) } == nil)
    }
}
