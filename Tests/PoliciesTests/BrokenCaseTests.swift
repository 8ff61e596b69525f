import Schema
import Testing

/// A case can fail: what these say is not so, and the runner finds out.
@Suite struct BrokenCaseTests {
    /// A case, and what is part of a problem with it.
    static let cases: [(String, problem: String)] = [
        ("steps: [{ send: GET /, expect: { status: 201 } }]", "c.yaml:3:9): expected status 201, got 200 with the body `ok`"),
        ("steps: [{ send: GET /, expect: { status: 200 } }, { send: GET /, expect: { status: 404 } }]", "step 2"),
        ("steps: [{ send: GET /, times: 2, expect: { body: no } }]", "time 1: body: expected `no`, got `ok`"),
        ("steps: [{ send: GET /, expect: { headers: { x-a: \"1\" } } }]", "header x-a: expected `1`, got nothing"),
        ("steps: [{ send: GET /, expect: { headers: { date: absent } } }]", "header date: expected nothing, got `"),
        ("steps: [{ send: GET /, expect: { headers: { x-a: present } } }]", "header x-a: expected something, got nothing"),
        (
            "steps: [{ send: GET /, answer: { headers: { x-a: [a, b] } }, expect: { headers: { x-a: [b, a] } } }]",
            "expected `b`, `a`, got `a`, `b`"
        ),
        ("steps: [{ send: GET /, expect: { body: { contains: x } } }]", "expected something with `x` in it, got `ok`"),
        ("steps: [{ send: GET /, expect: { body: { regex: ^k } } }]", "expected something that `^k` matches, got `ok`"),
        ("steps: [{ send: GET /, expect: { body: { json: { a: 1 } } } }]", "expected JSON, got `ok`"),
        (
            "steps: [{ send: GET /, answer: { body: '{\"a\":[1,{\"b\":true}]}' }, expect: { body: { json: { a: [1, { b: false }] } } } }]",
            "`a[1].b`: expected `false`, got `\"true\"`"
        ),
        ("steps: [{ send: GET /, expect: { reason: rate_limited } }]", "expected the reason `rate_limited`, got none"),
        ("steps: [{ send: GET /, expect: { upstream: none } }]", "the upstream was asked"),
        ("steps: [{ send: GET /, expect: { upstream: { method: POST } } }]", "upstream: expected the method `POST`, got `GET`"),
        ("steps: [{ send: GET /, expect: { upstream: { target: /b } } }]", "upstream: target: expected `/b`, got `/`"),
        ("steps: [{ send: GET /, expect: { upstream: { body: b } } }]", "upstream: body: expected `b`, got ``"),
        ("steps: [{ send: GET /, expect: { upstream: { times: 2 } } }]", "expected 2 request(s) to the upstream, got 1"),
        ("steps: [{ send: GET /, expect: { callouts: { times: 1 } } }]", "expected 1 request(s) to the callouts, got 0"),
        ("steps: [{ send: GET /, expect: { closed: true } }]", "the connection was not closed"),
        // What is no case.
        ("steps: [{ send: GET / }]", "nothing is expected"),
        ("steps: [{ send: GET /, expect: {} }]", "nothing is expected"),
        ("steps: [{ send: GET /, expect: { staus: 200 } }]", "unknown key `staus`; did you mean \"status\"?"),
        ("steps: [{ sent: GET /, expect: { status: 200 } }]", "unknown key `sent`"),
        ("steps: [{ send: GET /, expect: { body: { like: x } } }]", "expected text, a list"),
        ("steps: [{ send: GET /, expect: { body: { regex: \"(\" } } }]", "not a regular expression"),
        ("steps: [{ advance: 1s, expect: { status: 200 } }]", "belong to `send`"),
        ("steps: [{ advance: 1s, callouts: [{ status: 200 }] }]", "belong to `send`"),
        ("steps: [{ send: GET /, advance: 1s, expect: { status: 200 } }]", "exactly one of"),
        ("refused: []", "at least one message"),
        ("refused: [{ message: x }]", "no error `x` in"),
        ("", "a case has `steps` or `refused`"),
    ]

    @Test(arguments: cases) func failsOverMemory(_ text: String, problem: String) async throws {
        let problems = await BrokenCaseTests.problems("shows: s\nconfig: {}\n" + text)
        #expect(problems.contains { $0.contains(problem) }, "\(problems)")
    }

    @Test(.serialized, arguments: cases) func failsOnSockets(_ text: String, problem: String) async throws {
        let problems = await BrokenCaseTests.problems("shows: s\nconfig: {}\n" + text, on: try SocketRig())
        #expect(problems.contains { $0.contains(problem) }, "\(problems)")
    }

    @Test func aWrongLineInTheAccessLogFails() async throws {
        let text = "shows: s\nconfig: {}\nsteps: [{ send: GET /, expect: { log: { status: 200, route: q } } }]"
        let problems = await BrokenCaseTests.problems(text, on: try SocketRig())
        #expect(problems.count == 1 && problems[0].contains("log: `route`: expected `q`, got `\"r\"`"), "\(problems)")
    }

    @Test func aConfigurationWithErrorsFails() async throws {
        let problems = await BrokenCaseTests.problems(
            "shows: s\nconfig: { policies: [header: {}] }\nsteps: [{ send: GET /, expect: { status: 200 } }]")
        #expect(problems.first?.hasPrefix("c.yaml:2:22: error: there is no policy called `header`") == true, "\(problems)")
    }

    @Test func aRefusalMustBeTheWholeStory() async throws {
        let config = "shows: s\nconfig: { policies: [header: {}], api: { nam: x } }\n"
        let one = await BrokenCaseTests.problems(config + "refused: [{ message: no policy called }]")
        #expect(one.count == 1 && one[0].hasPrefix("not expected: c.yaml:2:42: error: unknown key `nam`"), "\(one)")
        let place = await BrokenCaseTests.problems(config + "refused: [{ message: no policy called, at: \"2:23\" }, { message: nam }]")
        #expect(place.count == 1 && place[0].contains("at 2:23 in:"), "\(place)")
        let all = await BrokenCaseTests.problems(config + "refused: [{ message: no policy called, at: \"2:22\" }, { message: nam }]")
        #expect(all == [])
    }

    static func problems(_ text: String, on rig: (any Rig)? = nil) async -> [String] {
        let loaded = CaseFile.read(text, name: "c.yaml", folder: ".")
        guard let value = loaded.value else { return loaded.diagnostics.map(\.description) }
        guard let rig = try? rig ?? MemoryRig() else { return ["no rig"] }
        return await CaseRunner(rig: rig).problems(of: value)
    }
}
