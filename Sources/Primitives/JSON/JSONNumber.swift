/// A number as it was written: neither precision nor size is lost, and no size costs anything.
package struct JSONNumber: Sendable, Equatable {
    package let text: String

    /// `text` has the form of RFC 8259 §6.
    init(text: String) { self.text = text }

    package init(_ value: Int) { text = String(value) }

    /// Nil for infinities and what is no number.
    package init?(_ value: Double) {
        guard value.isFinite else { return nil }
        text = String(value)
    }

    /// The value when it is a whole number that `Int` holds; `1.0` and `1e3` are whole too.
    package var int: Int? {
        if let value = Int(text) { return value }
        // Beyond 2^53 a double no longer says which number was meant.
        guard let double = Double(text), double.magnitude <= 9_007_199_254_740_992 else { return nil }
        return Int(exactly: double)
    }

    /// The nearest double; infinite for what is too large.
    package var double: Double { Double(text) ?? .nan }

    /// Equal as text: `1` and `1.0` differ.
    package static func == (a: JSONNumber, b: JSONNumber) -> Bool { a.text == b.text }
}
