import Primitives
import Testing

@testable import SharedState

@Suite struct LimitKeyTests {
    /// `openssl mac -macopt hexkey:000102…0f -macopt size:16 -macopt c-rounds:1 -macopt d-rounds:3 SIPHASH` of the bytes 0, 1, 2 ….
    @Test(arguments: [
        (0, "e77ebcb22788a5befd62db6add303001"), (1, "fc6f370460d3eda85e0573cc2b2ff063"), (7, "1084b923f2aae0c3a62f2ec80848ab77"),
        (8, "aa12fee1d5e3dab4724f16ab35f9c799"), (15, "c17e5505b2bd526c2921cdec1e7e0109"), (16, "d0a8d95715518eebb513b0f83d9e1793"),
        (63, "4c5800e34efe426f079f6b0aa75260ad"),
    ]) func isSipHash(_ count: Int, _ expected: String) {
        let secret = LimitKey.Secret(0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908)
        let key = (0..<count).map { UInt8($0) }.withView { LimitKey($0, secret) }
        let bytes = withUnsafeBytes(of: (key.low.littleEndian, key.high.littleEndian)) { Array($0) }
        let hex = bytes.map { ("0" + String($0, radix: 16)).suffix(2) }.joined()
        #expect(hex == expected)
    }

    @Test func everyProcessHasItsOwnSecret() {
        let secret = LimitKey.Secret.ofProcess
        #expect(secret.first != 0 && secret.second != 0 && secret.first != secret.second)
        #expect("key".withView { LimitKey($0, secret) } == "key".withView { LimitKey($0, .ofProcess) })
        #expect("key".withView { LimitKey($0, secret) } != "key".withView { LimitKey($0, LimitKey.Secret(1, 2)) })
    }
}
