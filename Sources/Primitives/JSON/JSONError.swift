/// Why a text is not accepted as JSON.
package struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Flaw: String, Sendable {
        case unexpectedEnd = "the text ends too early"
        case unexpectedByte = "unexpected character"
        case malformedNumber = "malformed number"
        case malformedEscape = "malformed escape"
        case loneSurrogate = "an escape is half of a surrogate pair"
        case invalidUTF8 = "the text is not UTF-8"
        case controlCharacter = "a control character inside a string"
        case duplicateName = "two members of an object have the same name"
        case trailingBytes = "something follows the value"
        case tooDeep = "nested too deeply"
        case tooLong = "the text is too long"
        case tooManyValues = "too many values"
    }

    package let flaw: Flaw
    /// In bytes, from the beginning of the text.
    package let offset: Int

    package var description: String { "\(flaw.rawValue), at byte \(offset)" }
}

/// What bounds the work that a text may cause.
package struct JSONLimits: Sendable {
    /// Arrays and objects inside each other.
    package var depth = 32
    /// Length of the text, in bytes.
    package var bytes = 1 << 20
    /// All values together.
    package var values = 100_000

    package init() {}
    package init(depth: Int = 32, bytes: Int = 1 << 20, values: Int = 100_000) {
        self.depth = depth
        self.bytes = bytes
        self.values = values
    }
}
