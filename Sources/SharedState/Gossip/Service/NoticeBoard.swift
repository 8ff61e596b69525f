internal import Reactor

/// Short texts that every gateway is to know for a while: what one has put up, and what others have.
///
/// Whoever has put something up says so again and again until it is taken down or its time is over, so nothing that gets lost matters.
struct NoticeBoard {
    private struct Notice {
        var text: [UInt8]
        var until: Instant
        /// How often it was said.
        var said = 0
        var nextAt: Instant
    }

    private struct Foreign {
        var text: [UInt8]
        var until: Instant
        var sender: MemberID
    }

    /// Of a name and of a text.
    static let longest = 255
    static let mostForeign = 1024
    private static let usual: Nanoseconds = .seconds(2)

    private var own: [[UInt8]: Notice] = [:]
    private var foreign: [[UInt8]: Foreign] = [:]

    mutating func put(_ name: [UInt8], _ text: [UInt8], lifetime: Nanoseconds, now: Instant) {
        guard name.count <= NoticeBoard.longest, text.count <= NoticeBoard.longest else { return }
        own[name] = Notice(text: text, until: now + lifetime, nextAt: now)
    }

    /// What was taken down is said once more, as over.
    mutating func takeDown(_ name: [UInt8], now: Instant) {
        own[name]?.until = now
        own[name]?.nextAt = now
    }

    func text(_ name: [UInt8], now: Instant) -> [UInt8]? {
        if let notice = own[name], notice.until > now { return notice.text }
        return foreign[name].flatMap { $0.until > now ? $0.text : nil }
    }

    /// Everything is said again soon: somebody has come.
    mutating func repeatAll(now: Instant) { for name in own.keys { own[name]?.nextAt = now } }

    var nextAt: Instant { own.values.lazy.map(\.nextAt).min() ?? .never }

    /// What is to be said to everybody now.
    mutating func turn(now: Instant, capacity: Int) -> [[UInt8]] {
        foreign = foreign.filter { $0.value.until > now }
        var payloads: [[UInt8]] = []
        var page = WireWriter()
        for (name, notice) in own where notice.nextAt <= now {
            var entry = WireWriter()
            entry.put(short: name)
            entry.put(short: notice.text)
            entry.put(UInt32(clamping: (notice.until - now) / 1_000_000))
            if page.count + entry.count > capacity {
                payloads.append(page.bytes)
                page = WireWriter()
            }
            page.put(entry.bytes)
            own[name]?.said += 1
            // Soon again at first, for whoever has missed it.
            own[name]?.nextAt = now + (notice.said < 4 ? .milliseconds(100) << UInt64(notice.said) : NoticeBoard.usual)
            if notice.until <= now { own[name] = nil }
        }
        if page.count > 0 { payloads.append(page.bytes) }
        return payloads
    }

    /// False: it says nothing sensible.
    mutating func receive(_ bytes: [UInt8], from sender: MemberID, now: Instant) -> Bool {
        var reader = WireReader(bytes)
        while !reader.isAtEnd {
            guard let name = reader.short(), let text = reader.short(), let left = reader.number(UInt32.self) else { return false }
            if left > 0 {
                guard foreign[name] != nil || foreign.count < NoticeBoard.mostForeign else { continue }
                foreign[name] = Foreign(text: text, until: now + .milliseconds(Int(left)), sender: sender)
            } else if foreign[name]?.sender == sender {
                foreign[name] = nil
            }
        }
        return true
    }
}
