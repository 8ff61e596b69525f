/// What an expression may cost. A step is about one operator; scans and copies cost one step for some bytes.
package struct ExpressionLimits: Sendable {
    /// Bytes of the text.
    package var length = 16_384
    /// Expressions inside expressions: bounds the recursion of parser, compiler and evaluator.
    package var depth = 100
    /// Operators, names and literals.
    package var nodes = 5_000
    /// Steps: what the expression may cost by estimate, and what one evaluation may really take.
    package var cost = 200_000
    /// For the estimate: elements of a list or map, and bytes of a string, that come with a request.
    package var assumedElements = 100
    package var assumedBytes = 1_024
    /// Instructions of a regular expression.
    package var regexInstructions = 2_000

    package init() {}
    package static let standard = ExpressionLimits()
}
