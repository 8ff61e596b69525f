/// A field that is not of the structure that it should have. The whole field is to be ignored or refused (RFC 9651 §1.1).
package struct StructuredFieldError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What was expected.
    package let expected: StaticString
    /// Bytes before it.
    package let offset: Int

    package var description: String { "expected \(expected) at byte \(offset)" }

    package static func == (a: StructuredFieldError, b: StructuredFieldError) -> Bool {
        a.offset == b.offset && "\(a.expected)" == "\(b.expected)"
    }
}
