internal import Reactor

/// Which names that strangers ask for may cost a request to the authority. Pure.
struct OnDemandGate {
    let settings: OnDemandSettings
    /// When the latest certificates were asked for, the oldest first.
    private var begun: [Instant] = []

    init(_ settings: OnDemandSettings) { self.settings = settings }

    /// Whether the patterns allow a name. Without patterns, `ask` decides alone; without both, nobody may.
    static func allows(_ name: String, _ settings: OnDemandSettings) -> Bool {
        guard name.utf8.contains(UInt8(ascii: ".")) else { return false }
        if settings.allow.isEmpty { return settings.ask != nil }
        return settings.allow.contains { pattern in
            pattern.hasPrefix("*.") ? name.hasSuffix(pattern.dropFirst()) && name.utf8.count > pattern.utf8.count - 1 : name == pattern
        }
    }

    /// Takes one of the certificates that the limit allows; false when there is none left now.
    mutating func take(now: Instant) -> Bool {
        begun.removeAll { now - $0 >= settings.window }
        guard begun.count < settings.limit else { return false }
        begun.append(now)
        return true
    }
}
