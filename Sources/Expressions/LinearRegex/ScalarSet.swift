/// A set of Unicode scalars as sorted ranges that neither overlap nor touch.
struct ScalarSet: Hashable {
    private(set) var ranges: [ClosedRange<UInt32>]

    static let maximum: UInt32 = 0x10_ffff
    static let digit = ScalarSet([0x30...0x39])
    static let word = ScalarSet([0x30...0x39, 0x41...0x5a, 0x5f...0x5f, 0x61...0x7a])
    static let space = ScalarSet([0x09...0x0a, 0x0c...0x0d, 0x20...0x20])
    static let newline = ScalarSet([0x0a...0x0a])
    static let all = ScalarSet([0...maximum])

    init(_ unsorted: [ClosedRange<UInt32>]) {
        ranges = []
        for range in unsorted.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = ranges.last, range.lowerBound <= last.upperBound + 1 {
                ranges[ranges.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                ranges.append(range)
            }
        }
    }

    var inverted: ScalarSet {
        var gaps: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in ranges {
            if range.lowerBound > next { gaps.append(next...range.lowerBound - 1) }
            next = range.upperBound + 1
        }
        if next <= ScalarSet.maximum { gaps.append(next...ScalarSet.maximum) }
        return ScalarSet(gaps)
    }

    func union(_ other: ScalarSet) -> ScalarSet { ScalarSet(ranges + other.ranges) }

    /// The only member, nil for sets of any other size.
    var single: UInt32? {
        guard ranges.count == 1, ranges[0].count == 1 else { return nil }
        return ranges[0].lowerBound
    }
}

extension ScalarSet {
    /// Most members beyond ASCII whose other case is looked up: larger sets (whole scripts) hold both cases anyway.
    private static let foldLimit = 4_096

    /// With the other case of every member: simple mappings of one scalar to one, as `(?i)` of RE2.
    var caseFolded: ScalarSet {
        var all = ranges
        var budget = ScalarSet.foldLimit
        for range in ranges {
            for scalar in range {
                guard budget > 0 else { break }
                if scalar >= 0x80 { budget -= 1 }
                for other in ScalarSet.otherCases(of: scalar) { all.append(other...other) }
            }
        }
        return ScalarSet(all)
    }

    private static func otherCases(of value: UInt32) -> [UInt32] {
        switch value {
        // The two signs outside ASCII whose lower case is an ASCII letter.
        case 0x4b, 0x6b: return [0x4b, 0x6b, 0x212a]
        case 0x53, 0x73: return [0x53, 0x73, 0x17f]
        case 0x41...0x5a: return [value + 0x20]
        case 0x61...0x7a: return [value - 0x20]
        case 0..<0x80: return []
        default:
            guard let scalar = Unicode.Scalar(value) else { return [] }
            return [scalar.properties.lowercaseMapping, scalar.properties.uppercaseMapping].compactMap { text in
                let mapped = text.unicodeScalars
                return mapped.count == 1 ? mapped.first?.value : nil
            }
        }
    }
}
