import GatewayCore
import Primitives
import Testing

@Suite struct KnownFieldTests {
    private static let tokenBytes = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~".utf8)

    /// What `named` must answer: a plain comparison with every name.
    private func model(_ name: String) -> KnownField {
        KnownField.allCases.first { $0 != .other && "\($0.name)" == name.lowercased() } ?? .other
    }

    private func check(_ name: String) {
        let found = name.withView { KnownField.named($0) }
        #expect(found == model(name), "\(name)")
    }

    @Test func everyNameInAnyCase() {
        var random = FastRandom(seed: 11)
        for field in KnownField.allCases where field != .other {
            let name = "\(field.name)"
            #expect(ByteView(field.name).equalsIgnoringCase(KnownField.named(ByteView(field.name)).name), "\(name)")
            check(name.uppercased())
            for _ in 0..<50 { check(String(name.map { Bool.random(using: &random) ? Character($0.uppercased()) : $0 })) }
        }
        check("")
    }

    /// Names that differ from a known one in one byte, by every byte that a name may hold.
    @Test func neighboursOfEveryName() {
        for field in KnownField.allCases where field != .other {
            let name = Array("\(field.name)".utf8)
            for i in name.indices {
                for byte in KnownFieldTests.tokenBytes {
                    var other = name
                    other[i] = byte
                    check(String(decoding: other, as: UTF8.self))
                }
                check(String(decoding: name[..<i], as: UTF8.self))
                check(String(decoding: name + name[..<i], as: UTF8.self))
            }
        }
    }

    @Test func randomTokens() {
        var random = FastRandom(seed: 5)
        for _ in 0..<5000 {
            let length = Int.random(in: 1...24, using: &random)
            check(String(decoding: (0..<length).map { _ in KnownFieldTests.tokenBytes.randomElement(using: &random) ?? 0x61 }, as: UTF8.self))
        }
    }

    /// RFC 9110 §7.6.1.
    @Test func whatBelongsToOneConnection() {
        let hopByHop = KnownField.allCases.filter(\.isHopByHop)
        #expect(Set(hopByHop) == [.connection, .keepAlive, .proxyConnection, .te, .transferEncoding, .upgrade, .http2Settings])
    }
}
