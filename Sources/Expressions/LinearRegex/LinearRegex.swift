package import Primitives

/// A regular expression that never needs more than (bytes of the input) × (size of the program) steps: a Thompson automaton
/// run as Pike's virtual machine (R. Cox, "Regular Expression Matching: the Virtual Machine Approach", 2009),
/// or, on short inputs, by backtracking that never tries the same thing twice.
///
/// Syntax and semantics are RE2's, leftmost-first as in Perl: literals, `.`, classes with `\d \w \s` (ASCII) and their negations,
/// groups `( )`, `(?: )`, `(?<n> )`, `|`, `* + ? {m,n}` greedy and lazy, `^ $ \A \z \b \B`, flags `(?i) (?s) (?m)`.
/// Back-references and look-around are refused: no linear-time machine has them.
///
/// Where a round of a loop may be empty, RE2 and Perl part, and this follows RE2: `(a*)*` on "aa" captures "aa", not "".
///
/// The input is UTF-8: `.` and classes take whole characters. A byte that is no part of a well-formed sequence counts as U+FFFD of one byte.
package final class LinearRegex: Sendable {
    /// Most instructions of a program, and most times a counted repetition may repeat.
    package static let programLimit = 10_000
    package static let repetitionLimit = 1_000
    package static let groupLimit = 64

    /// As it was written.
    package let pattern: String
    /// Groups including the whole match, which is 0.
    package let captureCount: Int
    /// One for each group; nil for those without a name.
    package let captureNames: [String?]
    /// Bytes with which every match begins; empty if there is no such prefix.
    package let literalPrefix: [UInt8]
    /// Every match begins at the start of the input.
    package let isAnchoredAtStart: Bool
    let program: RegexProgram

    /// Parses and compiles; the error names the offset and what to write in its place.
    package init(_ pattern: String) throws(SyntaxError) {
        var parser = RegexParser(pattern)
        let tree = try parser.parse()
        var compiler = RegexCompiler(pattern: pattern)
        program = try compiler.compile(tree)
        self.pattern = pattern
        captureNames = parser.groupNames
        captureCount = captureNames.count
        let prefix = tree.literalPrefix
        literalPrefix = prefix.bytes
        isAnchoredAtStart = prefix.isAnchored
    }

    /// Why a pattern cannot be used.
    package struct SyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
        /// In bytes of the pattern's UTF-8.
        package let offset: Int
        package let message: String
        package var description: String { "\(message) (at offset \(offset))" }
    }
}

extension LinearRegex {
    /// Finds the leftmost match, with Perl's preference among those that begin there, and fills `captures` with
    /// `captureCount` byte ranges, nil for groups that took no part. Left as they were when there is no match.
    package func firstMatch(in input: ByteView, captures: inout [Range<Int>?], scratch: inout Scratch) -> Bool {
        guard scratch.run(self, input, wantsCaptures: true) else { return false }
        captures.removeAll(keepingCapacity: true)
        for group in 0..<captureCount { captures.append(scratch.group(group)) }
        return true
    }

    /// Whether there is a match anywhere in `input`, as CEL's `matches`.
    package func matches(_ input: ByteView, scratch: inout Scratch) -> Bool {
        scratch.run(self, input, wantsCaptures: false)
    }
}
