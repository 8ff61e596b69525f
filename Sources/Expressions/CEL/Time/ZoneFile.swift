private import Glibc
internal import Primitives

/// A zone of the IANA database, as `/usr/share/zoneinfo` holds it (TZif, RFC 9636). Read at load, never on an event loop.
final class ZoneFile: Sendable {
    /// When each offset begins, ascending, in seconds since 1970.
    private let transitions: [Int]
    private let offsets: [Int]
    /// Before the first transition.
    private let first: Int
    /// Behind the last transition.
    private let rule: ZoneRule?

    private static let folder = "/usr/share/zoneinfo/"
    private static let largest = 1 << 20

    /// Nil when there is no such zone, or its file is not understood.
    init?(named name: String) {
        let isName = name.utf8.allSatisfy { ASCII.isLetter($0) || ASCII.isDigit($0) || "_+-/".utf8.contains($0) }
        guard isName, !name.hasPrefix("/"), let bytes = Self.read(Self.folder + name), let parts = Self.parse(bytes) else { return nil }
        (transitions, offsets, first, rule) = parts
    }

    func offset(at seconds: Int) -> Int {
        let count = transitions.count
        if let rule, count == 0 || seconds >= transitions[count - 1] { return rule.offset(at: seconds) }
        var low = 0, high = count
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle] <= seconds { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? first : offsets[low - 1]
    }

    private static func read(_ path: String) -> [UInt8]? {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4_096)
        while bytes.count <= largest {
            let count = unsafe Glibc.read(file, &piece, piece.count)
            guard count > 0 else { return count == 0 ? bytes : nil }
            bytes += piece[..<count]
        }
        return nil
    }

    /// The second part of a version 2 file: times of 64 bits, and the rule for later years behind them.
    private static func parse(_ bytes: [UInt8]) -> ([Int], [Int], Int, ZoneRule?)? {
        guard let old = Header(bytes, at: 0), old.version >= UInt8(ascii: "2") else { return nil }
        guard let header = Header(bytes, at: 44 + old.length(timeBytes: 4)) else { return nil }
        let times = header.start, kinds = times + header.times * 8, types = kinds + header.times
        let end = header.start + header.length(timeBytes: 8)
        guard header.types > 0, end <= bytes.count else { return nil }
        func offset(ofType type: Int) -> Int? { type < header.types ? Self.number(bytes, types + 6 * type, 4) : nil }
        var transitions: [Int] = [], offsets: [Int] = []
        for i in 0..<header.times {
            guard let offset = offset(ofType: Int(bytes[kinds + i])) else { return nil }
            transitions.append(number(bytes, times + 8 * i, 8))
            offsets.append(offset)
        }
        guard let first = offset(ofType: 0) else { return nil }
        let footer = bytes[end...].split(separator: 0x0a).first.map { String(decoding: $0, as: UTF8.self) }
        return (transitions, offsets, first, footer.flatMap { ZoneRule($0) })
    }

    private struct Header {
        let version: UInt8
        let start: Int, times: Int, types: Int
        private let indicators: (ut: Int, standard: Int), leaps: Int, characters: Int

        init?(_ bytes: [UInt8], at offset: Int) {
            guard offset + 44 <= bytes.count, bytes[offset..<offset + 4].elementsEqual("TZif".utf8) else { return nil }
            version = bytes[offset + 4]
            func count(_ place: Int) -> Int { number(bytes, offset + 20 + 4 * place, 4) }
            let counts = (0..<6).map(count)
            guard counts.allSatisfy({ $0 >= 0 && $0 <= largest }) else { return nil }
            (indicators.ut, indicators.standard, leaps, times, types, characters) = (counts[0], counts[1], counts[2], counts[3], counts[4], counts[5])
            start = offset + 44
        }

        func length(timeBytes: Int) -> Int {
            times * (timeBytes + 1) + types * 6 + characters + leaps * (timeBytes + 4) + indicators.ut + indicators.standard
        }
    }

    /// A signed number, most significant byte first.
    private static func number(_ bytes: [UInt8], _ start: Int, _ count: Int) -> Int {
        var value: UInt64 = 0
        for byte in bytes[start..<start + count] { value = value << 8 | UInt64(byte) }
        return count == 4 ? Int(Int32(truncatingIfNeeded: value)) : Int(truncatingIfNeeded: value)
    }
}
