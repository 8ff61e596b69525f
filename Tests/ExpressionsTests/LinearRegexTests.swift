import Expressions
import Primitives
import Testing

@Suite struct LinearRegexTests {
    /// With both matchers: the backtracker for short inputs, and the machine for all others.
    @Test(arguments: [32_768, 0]) func matchesAsTheTableSays(backtrackingLimit: Int) throws {
        let cases = try CaseFile.lines("matches.txt")
        #expect(cases.count >= 150)
        // One scratch for all: what one pattern leaves behind must not disturb the next.
        var scratch = LinearRegex.Scratch()
        scratch.backtrackingLimit = backtrackingLimit
        var captures: [Range<Int>?] = []
        for (number, fields) in cases {
            try #require(fields.count == 3, "line \(number)")
            let regex = try LinearRegex(fields[0].replacing("<U+FFFD>", with: "\u{fffd}"))
            let input = CaseFile.bytes(fields[1])
            let isFound = input.withView { regex.firstMatch(in: $0, captures: &captures, scratch: &scratch) }
            let found = isFound ? captures.map { $0.map { "(\($0.lowerBound),\($0.upperBound))" } ?? "(?,?)" }.joined() : "-"
            #expect(found == fields[2], "line \(number): \(fields[0]) on \(fields[1])")
            let matches = input.withView { regex.matches($0, scratch: &scratch) }
            #expect(matches == isFound, "line \(number): matches and firstMatch disagree")
        }
    }

    @Test func refusesAsTheTableSays() throws {
        for (number, fields) in try CaseFile.lines("refused.txt") {
            try #require(fields.count == 3, "line \(number)")
            do throws(LinearRegex.SyntaxError) {
                _ = try LinearRegex(fields[0])
                Issue.record("line \(number): \(fields[0]) was accepted")
            } catch {
                #expect(String(error.offset) == fields[1], "line \(number): \(fields[0]): \(error)")
                #expect(error.message.contains(fields[2]), "line \(number): \(fields[0]): \(error)")
            }
        }
    }

    @Test func boundsDepthAndGroups() throws {
        let deep = String(repeating: "(?:", count: 10_000) + String(repeating: ")", count: 10_000)
        #expect(throws: LinearRegex.SyntaxError.self) { try LinearRegex(deep) }
        #expect(throws: LinearRegex.SyntaxError.self) { try LinearRegex(String(repeating: "(a)", count: 64)) }
        #expect(try LinearRegex(String(repeating: "(a)", count: 63)).captureCount == 64)
    }

    @Test func namesGroups() throws {
        let regex = try LinearRegex("/(?<year>\\d+)/(\\w+)/(?P<day>\\d+)")
        #expect(regex.captureCount == 4)
        #expect(regex.captureNames == [nil, "year", nil, "day"])
        #expect(regex.pattern == "/(?<year>\\d+)/(\\w+)/(?P<day>\\d+)")
    }

    @Test(arguments: [
        ("^/v0/(.*)$", "/v0/", true), ("abc", "abc", false), ("a+b", "a", false), ("(ab)c", "abc", false), ("(?:ab){2}", "ab", false),
        ("a?b", "", false), ("a|b", "", false), ("(?i)ab", "", false), ("^é", "é", true), ("\\bab", "", false), ("(?m)^a", "", false),
        ("^(?:a|b)", "", true), ("x{0}y", "", false),
    ])
    func findsLiteralPrefixes(pattern: String, prefix: String, isAnchored: Bool) throws {
        let regex = try LinearRegex(pattern)
        #expect(String(decoding: regex.literalPrefix, as: UTF8.self) == prefix)
        #expect(regex.isAnchoredAtStart == isAnchored)
    }
}
