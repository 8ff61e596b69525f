import GatewayCore
import Model
import Primitives
import Reactor
import Schema
import Testing
import Upstreams

@testable import DataPlane

@Suite struct SnapshotCompileTests {
    /// Compiles without the lint that runs before in earnest, and answers what is wrong.
    private func problems(_ text: String) -> [String] {
        let (tree, _) = ConfigNode.read(yaml: text, file: "test.yaml")
        guard let configuration = Configuration.load(tree, lint: { _ in [] }).value else { return ["not loaded"] }
        let loaded = Snapshot.compile(configuration, version: "1", loops: 2, before: nil)
        #expect((loaded.value == nil) == loaded.diagnostics.hasErrors)
        return loaded.diagnostics.map(\.description)
    }

    /// Inside of quotes, of block scalars, and of plain text.
    @Test func expressionsSayWhereTheyAreWrong() {
        let found = problems(
            """
            upstreams: [{ name: u, endpoints: [{ address: "192.0.2.1:80" }] }]
            apis:
              - name: api
                routes:
                  - match: { path: /a, when: 'request.method == 1' }
                    upstream: u
                  - match: { path: /b }
                    split: [{ upstream: u }]
                    splitKey: request.nothing
                  - match:
                      path: /c
                      when: |
                        request.method == "GET" &&
                          source.port == "x"
                    upstream: u
            telemetry: { policyTiming: { when: "request.size" } }
            """)
        let places = found.map { String($0.prefix { $0 != " " }) + " " + $0.suffix(from: $0.lastIndex(of: "(") ?? $0.startIndex) }
        #expect(
            places == [
                "test.yaml:5:50: (apis[0].routes[0].match.when)", "test.yaml:9:27: (apis[0].routes[1].splitKey)",
                "test.yaml:14:27: (apis[0].routes[2].match.when)", "test.yaml:16:37: (telemetry.policyTiming.when)",
            ], "\(found)")
    }

    @Test func allProblemsAtOnceWithTheirPlaces() {
        let found = problems(
            """
            apis:
              - name: api
                routes:
                  - { match: { path: /a }, upstream: nobody }
                  - { match: { path: /b } }
                  - { match: { pathRegex: "(" }, respond: { body: x } }
                  - { match: { path: /d }, split: [{ upstream: nobody, weight: 1 }] }
                  - { match: { path: /e, headers: { x: { regex: "[" } } }, respond: { body: x } }
            """)
        #expect(found.count == 5)
        for (i, line) in [4, 5, 6, 7, 8].enumerated() where i < found.count {
            #expect(found[i].hasPrefix("test.yaml:\(line):9: error: "), "\(found[i])")
            #expect(found[i].hasSuffix("(apis[0].routes[\(i)])"), "\(found[i])")
        }
        #expect(found.first?.contains("there is no upstream \"nobody\"") == true)
    }

    @Test func conflictsNameBothRoutes() {
        let found = problems(
            """
            apis:
              - name: one
                routes:
                  - { name: first, match: { path: "/a/{x}" }, respond: { body: x } }
              - name: two
                routes:
                  - { name: second, match: { path: "/a/{y}" }, respond: { body: y } }
            """)
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("test.yaml:7:9: error: ") == true && found.first?.contains("first") == true, "\(found)")
    }

    @Test func limitsAreDividedAmongTheLoops() throws {
        let configuration = try WorkerRig.configuration(
            """
            upstreams:
              - { name: a, endpoints: [{ address: "1.2.3.4:80" }], limits: { connections: 5, requests: 1, queue: 0 }, timeouts: { connect: 250ms } }
            apis: [{ name: api, routes: [{ match: { path: /a }, upstream: a }] }]
            """)
        let snapshot = try #require(Snapshot.compile(configuration, version: "v", loops: 4, before: nil).value)
        let settings = snapshot.upstreams[0].settings
        #expect(settings.connections == 2 && settings.requests == 1 && settings.queue == 0)
        #expect(settings.timeouts.connect == .milliseconds(250) && settings.timeouts.total == .max)
        #expect(snapshot.version == "v")
    }

    @Test func countersFindTheirRouteAgain() throws {
        func text(_ names: [String]) -> String {
            "apis: [{ name: api, routes: [" + names.map { "{ name: \($0), match: { path: /\($0) }, respond: { body: x } }" }.joined(separator: ", ")
                + "] }]"
        }
        let first = try WorkerRig.compile(text(["a", "b", "c"]))
        let second = try WorkerRig.compile(text(["c", "d", "a"]), before: first)
        #expect(first.predecessors == [-1, -1, -1] && second.predecessors == [2, -1, 0])
    }

    @Test func durations() {
        #expect(Duration.seconds(2).nanoseconds == 2_000_000_000 && Duration.milliseconds(1).nanoseconds == 1_000_000)
        #expect(Duration.seconds(-1).nanoseconds == 0 && Duration.seconds(Int64.max).nanoseconds == .max)
    }
}
