internal import Primitives

/// The entries of a map, in the order in which they were given.
package final class ExpressionMap {
    package let keys: [ExpressionValue]
    package let values: [ExpressionValue]
    let weight: Int
    /// Place of each key, for maps with more than a few. The hash is seeded, so clients cannot choose colliding keys.
    private let places: [ExpressionKey: Int]
    private static let few = 8

    /// Nil when two keys are equal, or one is of a type that can be no key.
    package init?(_ entries: [(key: ExpressionValue, value: ExpressionValue)]) {
        var places: [ExpressionKey: Int] = [:]
        places.reserveCapacity(entries.count)
        for (place, entry) in entries.enumerated() {
            guard let key = ExpressionKey(entry.key), places.updateValue(place, forKey: key) == nil else { return nil }
        }
        keys = entries.map(\.key)
        values = entries.map(\.value)
        weight = entries.reduce(0) { $0 &+ $1.key.weight &+ $1.value.weight }
        self.places = entries.count > Self.few ? places : [:]
    }

    package subscript(key key: ExpressionValue) -> ExpressionValue? {
        if keys.count <= Self.few {
            for place in 0..<keys.count where keys[place].equals(key) { return values[place] }
            return nil
        }
        return ExpressionKey(key).flatMap { places[$0] }.map { values[$0] }
    }

    func equals(_ other: ExpressionMap) -> Bool {
        guard keys.count == other.keys.count else { return false }
        for place in 0..<keys.count {
            guard let counterpart = other[key: keys[place]], values[place].equals(counterpart) else { return false }
        }
        return true
    }
}
