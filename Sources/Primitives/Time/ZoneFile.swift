private import Glibc

/// A zone of the IANA database, as `/usr/share/zoneinfo` holds it (TZif, RFC 9636). Read at load, never on an event loop.
package final class ZoneFile: Sendable {
    /// When each offset begins, ascending, in seconds since 1970. Each differs from the one before.
    private let transitions: [Int]
    private let offsets: [Int]
    /// Before the first transition.
    private let first: Int
    /// Holds from `ruleStart` on, the last transition of the file.
    private let rule: ZoneRule?
    private let ruleStart: Int

    private static let folder = "/usr/share/zoneinfo/"
    private static let largest = 1 << 20

    /// Nil when there is no such zone, or its file is not understood.
    package init?(named name: String) {
        let isName = name.utf8.allSatisfy { ASCII.isLetter($0) || ASCII.isDigit($0) || "_+-/".utf8.contains($0) }
        guard isName, !name.hasPrefix("/"), let bytes = Self.read(Self.folder + name), let parts = Self.parse(bytes) else { return nil }
        (transitions, offsets, first, rule, ruleStart) = parts
    }

    package func offset(at seconds: Int) -> Int {
        if let rule, seconds >= ruleStart { return rule.offset(at: seconds) }
        let place = place(seconds)
        return place == 0 ? first : offsets[place - 1]
    }

    func span(at seconds: Int) -> TimeZone.Span {
        let place = place(seconds)
        let since = place == 0 ? Int.min : transitions[place - 1], offset = place == 0 ? first : offsets[place - 1]
        guard let rule else { return TimeZone.Span(offset: offset, since: since, until: place < transitions.count ? transitions[place] : .max) }
        if seconds >= ruleStart {
            let span = rule.span(at: seconds)
            return TimeZone.Span(offset: span.offset, since: span.since <= ruleStart ? since : span.since, until: span.until)
        }
        // Behind the last change that the file has, the offset may go on into the time of the rule.
        let until = place < transitions.count ? transitions[place] : rule.offset(at: ruleStart) == offset ? rule.span(at: ruleStart).until : ruleStart
        return TimeZone.Span(offset: offset, since: since, until: until)
    }

    /// How many transitions have been by then.
    private func place(_ seconds: Int) -> Int {
        var low = 0, high = transitions.count
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle] <= seconds { low = middle + 1 } else { high = middle }
        }
        return low
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
    private static func parse(_ bytes: [UInt8]) -> (transitions: [Int], offsets: [Int], first: Int, ZoneRule?, ruleStart: Int)? {
        guard let old = Header(bytes, at: 0), old.version >= UInt8(ascii: "2") else { return nil }
        guard let header = Header(bytes, at: 44 + old.length(timeBytes: 4)) else { return nil }
        let times = header.start, kinds = times + header.times * 8, types = kinds + header.times
        let end = header.start + header.length(timeBytes: 8)
        guard header.types > 0, end <= bytes.count else { return nil }
        func offset(ofType type: Int) -> Int? { type < header.types ? Self.number(bytes, types + 6 * type, 4) : nil }
        guard let first = offset(ofType: 0) else { return nil }
        var transitions: [Int] = [], offsets: [Int] = [], last = Int.min
        for i in 0..<header.times {
            guard let offset = offset(ofType: Int(bytes[kinds + i])) else { return nil }
            last = number(bytes, times + 8 * i, 8)
            // Some change the zone's abbreviation alone.
            guard offset != offsets.last ?? first else { continue }
            transitions.append(last)
            offsets.append(offset)
        }
        let footer = bytes[end...].split(separator: 0x0a).first.map { String(decoding: $0, as: UTF8.self) }
        return (transitions, offsets, first, footer.flatMap { ZoneRule($0) }, last)
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
