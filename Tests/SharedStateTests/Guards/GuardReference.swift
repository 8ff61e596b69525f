import Primitives
import Reactor

@testable import SharedState

/// What guards should do, in plain words and exact fractions, for one process without bounds on memory.
struct GuardReference {
    let rules: GuardRules
    private var addresses: [IPAddress: Entry] = [:]
    private var prefixes: [IPAddress: Entry] = [:]

    init(_ rules: GuardRules) { self.rules = rules }

    /// Levels are in units; they sink at the rate of their limit.
    private struct Level {
        var units = 0.0
        var at = 0.0

        func now(_ time: Double, _ window: RateWindow) -> Double {
            max(0, units - (time - at) * Double(window.limit) / (Double(window.period) / 1e9))
        }
        func fits(_ cost: Double, _ time: Double, _ window: RateWindow) -> Bool { now(time, window) + cost <= Double(window.burst) + 1e-6 }
        mutating func add(_ cost: Double, _ time: Double, _ window: RateWindow) { (units, at) = (max(0, now(time, window) + cost), time) }
    }

    private struct Entry {
        var open = 0
        var connections = Level(), handshakes = Level(), requests = Level(), offences = Level()
        var bannedUntil = -1.0
        var strikes = 0
    }

    enum Answer: Equatable { case admitted, refused, banned }

    // MARK: What happens

    mutating func enter(_ address: IPAddress, isHandshake: Bool, _ time: Double) -> Answer {
        let prefix = rules.prefixes(address)
        if let answer = refusal(addresses[address], rules.address, isHandshake, time) { return refuse(answer.0, answer.1, address, false, time) }
        if let answer = refusal(prefixes[prefix], rules.prefix, isHandshake, time) { return refuse(answer.0, answer.1, address, true, time) }
        GuardReference.enter(&addresses[address, default: Entry()], rules.address, isHandshake, time)
        GuardReference.enter(&prefixes[prefix, default: Entry()], rules.prefix, isHandshake, time)
        return .admitted
    }

    mutating func leave(_ address: IPAddress) {
        addresses[address]?.open -= 1
        prefixes[rules.prefixes(address)]?.open -= 1
    }

    /// One request.
    mutating func request(_ address: IPAddress, _ time: Double) -> Answer {
        let prefix = rules.prefixes(address)
        for (entry, bounds, isPrefix) in [(prefixes[prefix], rules.prefix, true), (addresses[address], rules.address, false)] {
            let entry = entry ?? Entry()
            if entry.bannedUntil > time { return refuse(.banned, .persistence, address, isPrefix, time) }
            if let rate = bounds.requests, !entry.requests.fits(1, time, rate) {
                return refuse(.refused, .excess(.requests), address, isPrefix, time)
            }
        }
        if let rate = rules.address.requests { addresses[address, default: Entry()].requests.add(1, time, rate) }
        if let rate = rules.prefix.requests { prefixes[prefix, default: Entry()].requests.add(1, time, rate) }
        return .admitted
    }

    mutating func offend(_ weight: Int, _ address: IPAddress, _ time: Double) {
        note(weight, &addresses[address, default: Entry()], rules.address, time)
        note(weight, &prefixes[rules.prefixes(address), default: Entry()], rules.prefix, time)
    }

    func isBanned(_ address: IPAddress, _ time: Double) -> Bool {
        (addresses[address]?.bannedUntil ?? -1) > time || (prefixes[rules.prefixes(address)]?.bannedUntil ?? -1) > time
    }

    // MARK: What that means

    private func refusal(_ entry: Entry?, _ bounds: GuardBounds, _ isHandshake: Bool, _ time: Double) -> (Answer, Offence)? {
        let entry = entry ?? Entry()
        if entry.bannedUntil > time { return (.banned, .persistence) }
        if bounds.connections > 0, entry.open >= bounds.connections { return (.refused, .excess(.connections)) }
        if let rate = bounds.newConnections, !entry.connections.fits(1, time, rate) { return (.refused, .excess(.newConnections)) }
        if isHandshake, let rate = bounds.handshakes, !entry.handshakes.fits(1, time, rate) { return (.refused, .excess(.handshakes)) }
        return nil
    }

    private static func enter(_ entry: inout Entry, _ bounds: GuardBounds, _ isHandshake: Bool, _ time: Double) {
        entry.open += 1
        if let rate = bounds.newConnections { entry.connections.add(1, time, rate) }
        if isHandshake, let rate = bounds.handshakes { entry.handshakes.add(1, time, rate) }
    }

    private mutating func refuse(_ answer: Answer, _ offence: Offence, _ address: IPAddress, _ isByPrefix: Bool, _ time: Double) -> Answer {
        if isByPrefix {
            note(1, &prefixes[rules.prefixes(address), default: Entry()], rules.prefix, time)
        } else if offence == .persistence {
            note(1, &addresses[address, default: Entry()], rules.address, time)
        } else {
            offend(1, address, time)
        }
        return answer
    }

    private func note(_ weight: Int, _ entry: inout Entry, _ bounds: GuardBounds, _ time: Double) {
        guard let limit = bounds.offences else { return }
        let isBanned = entry.bannedUntil > time
        if entry.offences.fits(Double(weight), time, limit) {
            entry.offences.add(Double(weight), time, limit)
        } else if isBanned {
            entry.offences.add((Double(limit.burst) - entry.offences.now(time, limit)).rounded(.down), time, limit)
        } else {
            let memory = Double(rules.bans.memory) / 1e9
            entry.strikes = entry.strikes > 0 && time < entry.bannedUntil + memory ? entry.strikes + 1 : 1
            var length = Double(rules.bans.first) / 1e9
            for _ in 1..<entry.strikes { length = min(length * 2, Double(rules.bans.longest) / 1e9) }
            entry.bannedUntil = time + length
            entry.offences = Level()
        }
    }
}
