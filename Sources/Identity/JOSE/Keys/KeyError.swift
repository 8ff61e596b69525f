/// Why a key can't be used, in a sentence that says what to do. It never repeats any of the key.
package struct KeyError: Error, Hashable, Sendable, CustomStringConvertible {
    package let message: String
    package init(_ message: String) { self.message = message }
    package var description: String { message }
}
