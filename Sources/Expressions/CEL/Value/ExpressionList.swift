/// The elements of a list. Whoever makes one for an evaluation keeps the bytes that its texts view.
package final class ExpressionList {
    package let elements: [ExpressionValue]
    /// The sum of the elements' weights.
    let weight: Int

    package init(_ elements: [ExpressionValue]) {
        self.elements = elements
        weight = elements.reduce(0) { $0 &+ $1.weight }
    }

    func equals(_ other: ExpressionList) -> Bool {
        guard self !== other || !elements.isEmpty else { return true }
        guard elements.count == other.elements.count else { return false }
        for place in 0..<elements.count where !elements[place].equals(other.elements[place]) { return false }
        return true
    }

    func contains(_ value: ExpressionValue) -> Bool {
        for place in 0..<elements.count where elements[place].equals(value) { return true }
        return false
    }
}
