import GatewayCore
import Primitives
import Testing

@Suite struct RequestIDTests {
    private func text(_ id: RequestID) -> String {
        let out = ByteBuffer()
        id.write(to: out)
        return out.view.string
    }

    private func hex(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    @Test func textAgreesWithAPlainRendering() {
        var random = FastRandom(seed: 3)
        for _ in 0..<2000 {
            var id = RequestID()
            id.high = random.next() >> (random.next() % 64)
            id.low = random.next()
            var plain = hex(id.high) + hex(id.low)
            for place in [8, 13, 18, 23] { plain.insert("-", at: plain.index(plain.startIndex, offsetBy: place)) }
            #expect(text(id) == plain)
        }
    }

    /// RFC 9562 §5.7, with the example of its appendix A.6.
    @Test func versionVariantAndTime() {
        let example = RequestID(milliseconds: 0x017F_22E2_79B0, random: (0xCC3, 0x18C4_DC0C_0C07_398F))
        #expect(text(example) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f")
        let all = RequestID(milliseconds: 1, random: (.max, .max))
        #expect(text(all) == "00000000-0001-7fff-bfff-ffffffffffff")
        #expect(!all.isEmpty && RequestID().isEmpty)
    }

    @Test func idsSortByTime() {
        let ids = (0..<100).map { text(RequestID(milliseconds: 1_700_000_000_000 + $0 * 997, random: (UInt64.max - $0, $0))) }
        #expect(ids == ids.sorted())
    }

    @Test func theGeneratorSpreads() {
        var random = FastRandom(seed: 1)
        var buckets = [Int](repeating: 0, count: 16)
        for _ in 0..<16_000 { buckets[Int(random.next() >> 60)] += 1 }
        #expect(buckets.allSatisfy { (800...1200).contains($0) })
        var same = FastRandom(seed: 1), other = FastRandom(seed: 1)
        #expect(same.next() == other.next())
    }
}
