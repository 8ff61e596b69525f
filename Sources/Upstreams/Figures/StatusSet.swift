/// A set of status codes, 100 to 611. One bit each, so that asking touches no memory that event loops share.
package struct StatusSet: Sendable {
    private var bits = InlineArray<8, UInt64>(repeating: 0)
    package private(set) var isEmpty = true

    package init() {}

    package init(_ ranges: [ClosedRange<Int>]) {
        for range in ranges { insert(range) }
    }

    package mutating func insert(_ range: ClosedRange<Int>) {
        for status in range.clamped(to: 100...611) where range.contains(status) {
            bits[(status - 100) / 64] |= 1 << UInt64((status - 100) % 64)
            isEmpty = false
        }
    }

    package func contains(_ status: Int) -> Bool {
        guard status >= 100, status < 612 else { return false }
        return bits[(status - 100) / 64] >> UInt64((status - 100) % 64) & 1 != 0
    }
}

extension StatusSet: Equatable {
    package static func == (a: StatusSet, b: StatusSet) -> Bool {
        for i in a.bits.indices where a.bits[i] != b.bits[i] { return false }
        return true
    }
}

extension StatusSet: ExpressibleByArrayLiteral {
    package init(arrayLiteral elements: ClosedRange<Int>...) { self.init(elements) }
}
