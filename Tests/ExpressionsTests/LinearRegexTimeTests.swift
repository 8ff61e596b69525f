import Expressions
import Primitives
import Testing

/// Time is counted in instructions executed, which repeats, not in seconds, which do not.
@Suite struct LinearRegexTimeTests {
    private func steps(_ regex: LinearRegex, _ input: [UInt8], wantsCaptures: Bool, backtrackingLimit: Int = 0) -> Int {
        var scratch = LinearRegex.Scratch()
        scratch.backtrackingLimit = backtrackingLimit
        var captures: [Range<Int>?] = []
        input.withView { view in
            if wantsCaptures {
                _ = regex.firstMatch(in: view, captures: &captures, scratch: &scratch)
            } else {
                _ = regex.matches(view, scratch: &scratch)
            }
        }
        return scratch.steps
    }

    /// Patterns that take a backtracking matcher exponential or high polynomial time.
    @Test(arguments: [
        "(a*)*b", "(a|a)*b", "(a|aa)*$b", "(a+)+b", "(.*)(.*)(.*)(.*)b", "(a?){30}a{30}b", "(x+x+)+y",
        "^(([a-z])+.)+[A-Z]([a-z])+$",
    ])
    func growsWithTheInputOnly(pattern: String) throws {
        let regex = try LinearRegex(pattern)
        for (wantsCaptures, limit) in [(false, 0), (true, 0), (false, .max), (true, .max)] {
            let counts = [1_000, 10_000].map { length in
                steps(
                    regex, Array(repeating: UInt8(ascii: "a"), count: length), wantsCaptures: wantsCaptures, backtrackingLimit: limit)
            }
            let (short, long) = (counts[0], counts[1])
            #expect(short > 0 || pattern.hasPrefix("(x"))
            #expect(long <= 11 * max(short, 1_000))
        }
    }

    /// Each instruction at most twice a byte: once when it is added, once when it is advanced.
    @Test func staysUnderTheProductOfInputAndProgram() throws {
        let regex = try LinearRegex("a{1,1000}")
        let input = Array(repeating: UInt8(ascii: "a"), count: 2_000)
        let instructions = 2 * 1_000 + 3
        #expect(steps(regex, input, wantsCaptures: true) <= 2 * instructions * (input.count + 1))
        // Whether there is a match is known after the first byte.
        #expect(steps(regex, input, wantsCaptures: false) < 20)
    }

    @Test func rejectsByThePrefixWithoutRunning() throws {
        let regex = try LinearRegex("^/v0/(.*)$")
        #expect(steps(regex, Array("/orders/7".utf8), wantsCaptures: true) == 0)
        let searched = try LinearRegex("needle(.*)")
        #expect(steps(searched, Array(repeating: UInt8(ascii: "h"), count: 10_000), wantsCaptures: false) == 0)
    }

    @Test func countsFromZeroAgain() throws {
        var scratch = LinearRegex.Scratch()
        let regex = try LinearRegex("a")
        _ = Array("a".utf8).withView { regex.matches($0, scratch: &scratch) }
        #expect(scratch.steps > 0)
        scratch.resetSteps()
        #expect(scratch.steps == 0)
    }
}
