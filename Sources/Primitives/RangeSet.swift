/// A set of numbers made of stretches, in two flat arrays: the borders in order, and a table of where to begin in them.
///
/// A border is the first number of a stretch or the first one behind it. So a number is inside if the count of borders that are
/// not above it is odd, and where the last stretch ends with the largest number, its second border is missing.
struct RangeSet<Number: FixedWidthInteger & UnsignedInteger & Sendable>: Sendable {
    struct Stretch {
        var first: Number, last: Number
    }

    /// The table has about half as many places as there are borders, and no more than this power of two.
    private static var mostBits: Int { 20 }

    private let borders: [Number]
    /// For each place of the table, how many borders lie before it; one more for the end.
    private let starts: [UInt32]
    /// How much of a number's distance from the first border tells its place.
    private let shift: Int

    /// Stretches in any order; they may overlap.
    init(_ stretches: consuming [Stretch]) {
        stretches.sort { $0.first < $1.first }
        borders = RangeSet.merge(stretches)
        guard let first = borders.first, let last = borders.last else {
            starts = []
            shift = 0
            return
        }
        let bits = min(RangeSet.mostBits, max(0, Int.bitWidth - borders.count.leadingZeroBitCount - 2))
        shift = max(0, Number.bitWidth - (last - first).leadingZeroBitCount - bits)
        let places = Int(truncatingIfNeeded: (last - first) >> shift) + 1
        var starts = [UInt32](repeating: 0, count: places + 1)
        var place = 0
        for (index, border) in borders.enumerated() {
            let own = Int(truncatingIfNeeded: (border - first) >> shift)
            while place < own {
                place += 1
                starts[place] = UInt32(truncatingIfNeeded: index)
            }
        }
        starts[places] = UInt32(truncatingIfNeeded: borders.count)
        self.starts = starts
    }

    var isEmpty: Bool { borders.isEmpty }

    /// Bytes of the arrays.
    var bytes: Int { borders.count * MemoryLayout<Number>.stride + starts.count * MemoryLayout<UInt32>.stride }

    func contains(_ number: Number) -> Bool {
        guard let first = borders.first, number >= first else { return false }
        let place = (number - first) >> shift
        guard place < Number(starts.count - 1) else { return borders.count & 1 == 1 }
        let index = Int(truncatingIfNeeded: place)
        var low = Int(starts[index]), high = Int(starts[index + 1])
        while low < high {
            let middle = (low &+ high) >> 1
            if borders[middle] <= number { low = middle &+ 1 } else { high = middle }
        }
        return low & 1 == 1
    }

    private static func merge(_ stretches: [Stretch]) -> [Number] {
        var borders: [Number] = []
        borders.reserveCapacity(stretches.count * 2)
        guard var open = stretches.first else { return [] }
        for stretch in stretches.dropFirst() {
            if open.last == .max { break }
            if stretch.first <= open.last + 1 {
                open.last = max(open.last, stretch.last)
            } else {
                borders.append(open.first)
                borders.append(open.last + 1)
                open = stretch
            }
        }
        borders.append(open.first)
        if open.last < .max { borders.append(open.last + 1) }
        return borders
    }
}
