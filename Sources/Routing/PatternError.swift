/// Why a host, a path or a condition cannot be used, in a sentence that says what to write in its place.
package struct PatternError: Error, Hashable, Sendable, CustomStringConvertible {
    package let message: String
    package init(_ message: String) { self.message = message }
    package var description: String { message }
}
