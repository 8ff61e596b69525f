import Primitives
import Testing

@Suite struct ByteBufferTests {
    @Test func growsAndKeepsWhatItHolds() {
        let buffer = ByteBuffer()
        var expected: [UInt8] = []
        for i in 0..<5000 {
            let byte = UInt8(truncatingIfNeeded: i &* 31)
            buffer.append(byte: byte)
            expected.append(byte)
        }
        #expect(buffer.view.array == expected)
        #expect(buffer.capacity >= 5000)
    }

    /// Random appends, consumptions and truncations against an array.
    @Test func behavesLikeAnArray() {
        var random = SeededRandom(seed: 7)
        let buffer = ByteBuffer()
        var model: [UInt8] = []
        for step in 0..<4000 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5:
                let bytes = (0..<Int.random(in: 0..<200, using: &random)).map { _ in UInt8.random(in: .min ... .max, using: &random) }
                bytes.withView { buffer.append($0) }
                model += bytes
            case 5..<8:
                let count = Int.random(in: 0...300, using: &random)
                buffer.consume(count)
                model.removeFirst(min(count, model.count))
            case 8:
                let count = Int.random(in: 0...model.count, using: &random)
                buffer.truncate(to: count)
                model.removeLast(model.count - count)
            default:
                guard !model.isEmpty else { continue }
                let index = Int.random(in: 0..<model.count, using: &random)
                buffer.replace(at: index, with: 0xaa)
                model[index] = 0xaa
            }
            if buffer.view.array != model {
                Issue.record("differs at step \(step)")
                return
            }
            #expect(buffer.count == model.count && buffer.isEmpty == model.isEmpty)
        }
    }

    @Test func consumedRoomIsUsedAgain() {
        let buffer = ByteBuffer(capacity: 64)
        let block = [UInt8](repeating: 1, count: 48)
        for _ in 0..<1000 {
            block.withView { buffer.append($0) }
            buffer.consume(47)
            buffer.consume(1)
        }
        #expect(buffer.capacity == 64)
        // Also when it never becomes empty.
        buffer.append(byte: 9)
        for _ in 0..<1000 {
            block.withView { buffer.append($0) }
            buffer.consume(48)
        }
        #expect(buffer.capacity == 64 && buffer.count == 1)
    }

    @Test func takesItsOwnBytesOnceThereIsRoom() {
        let buffer = ByteBuffer(capacity: 8)
        buffer.append("abcdefgh")
        buffer.consume(2)
        buffer.reserve(6)
        buffer.append(buffer.view)
        #expect(buffer.view.string == "cdefghcdefgh")
        buffer.reserve(4)
        buffer.append(buffer.view(2..<6))
        #expect(buffer.view.string == "cdefghcdefghefgh")
    }

    @Test func edgesOfConsumingAndTruncating() {
        let buffer = ByteBuffer()
        buffer.append("abc")
        buffer.consume(0)
        buffer.truncate(to: 10)
        #expect(buffer.view == "abc")
        buffer.consume(1)
        buffer.truncate(to: 1)
        #expect(buffer.view == "b")
        buffer.consume(99)
        #expect(buffer.isEmpty)
        buffer.append("d")
        #expect(buffer.view == "d")
        buffer.replace(at: 1, with: 0)
        buffer.replace(at: -1, with: 0)
        #expect(buffer.view == "d")
    }

    @Test func numbers() {
        var values = [0, 1, 9, 10, 99, 100, 255, 256, 4095, 4096, 65535, 65536, Int.max, Int.max - 1]
        for power in 0..<63 { values += [1 << power, 1 << power - 1] }
        var ten = 1
        for _ in 0..<18 {
            ten *= 10
            values += [ten, ten - 1, ten + 1]
        }
        for value in values {
            let decimal = ByteBuffer(), hexadecimal = ByteBuffer()
            decimal.append(decimal: value)
            hexadecimal.append(hexadecimal: value)
            #expect(decimal.view.string == String(value))
            #expect(hexadecimal.view.string == String(value, radix: 16))
        }
    }

    @Test func lendsRoomToBeFilled() {
        let buffer = ByteBuffer()
        buffer.append("x")
        buffer.appendUninitialized(100) { room in
            #expect(room.count >= 100)
            room[0] = UInt8(ascii: "y")
            return 1
        }
        #expect(buffer.view == "xy")
        buffer.appendUninitialized(4) { _ in -1 }
        #expect(buffer.view == "xy")
        buffer.appendUninitialized(4) { $0.count + 1 }
        #expect(buffer.count == buffer.capacity)
    }

    @Test func givesLargeMemoryBack() {
        let buffer = ByteBuffer(capacity: 1000)
        buffer.append("abc")
        buffer.shrink(to: 2000)
        #expect(buffer.isEmpty && buffer.capacity >= 1000)
        buffer.shrink(to: 500)
        #expect(buffer.capacity == 0)
        buffer.append("abc")
        #expect(buffer.view == "abc")
    }
}

/// Numbers that are the same in every run (SplitMix64).
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }
}
