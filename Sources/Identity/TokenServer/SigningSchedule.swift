/// When keys sign, when they are published, when they go.
///
/// A key is published `ahead` of its first signature, so that whoever keeps the key set for so long knows it by then; it stays published
/// until the last token that it has signed has expired.
package struct SigningSchedule: Sendable, Equatable {
    package struct Key: Sendable, Equatable {
        package let id: String
        /// From when on it signs, in seconds of the Unix clock.
        package let activates: Int

        package init(id: String, activates: Int) {
            self.id = id
            self.activates = activates
        }
    }

    package struct Plan: Sendable, Equatable {
        /// The key that signs; nil only when there is none at all.
        package var signing: String?
        /// Newest first.
        package var published: [String]
        package var expired: [String]
        /// One more key has to be made, which begins to sign then.
        package var make: Int?
    }

    /// Seconds that a key signs for.
    package var rotation: Int
    /// Seconds that a key is known before.
    package var ahead: Int
    /// Seconds that the longest token lives.
    package var keep: Int

    package init(rotation: Int, ahead: Int, keep: Int) {
        self.rotation = rotation
        self.ahead = ahead
        self.keep = keep
    }

    package func plan(_ keys: [Key], now: Int) -> Plan {
        let keys = keys.sorted { ($0.activates, $0.id) > ($1.activates, $1.id) }
        guard let newest = keys.first else { return Plan(signing: nil, published: [], expired: [], make: now) }
        // Of keys that only begin later, as after a clock went back, the first one signs.
        let signing = keys.first { $0.activates <= now } ?? keys[keys.count - 1]
        var plan = Plan(signing: signing.id, published: [], expired: [], make: nil)
        for (place, key) in keys.enumerated() {
            let isOver = place > 0 && keys[place - 1].activates + keep <= now && key != signing
            if isOver { plan.expired.append(key.id) } else { plan.published.append(key.id) }
        }
        if newest.activates <= now, newest.activates + rotation - ahead <= now {
            // Late, as after a long pause: it is still published for as long before it signs.
            plan.make = max(newest.activates + rotation, now + ahead)
        }
        return plan
    }
}
