import Schema
import Testing

@testable import Model

@Suite struct DiffTests {
    @Test func namesWhatDiffers() throws {
        let old = try #require(Case.load(DiffTests.old).value)
        let new = try #require(Case.load(DiffTests.new).value)
        let diff = old.diff(to: new)
        #expect(diff.upstreams == .init(added: ["c"], removed: ["b"], changed: ["a"]))
        #expect(diff.apis.isEmpty)
        #expect(diff.groups == ["runtime"])
        #expect(diff.description == "upstreams: 1 added (c), 1 changed (a), 1 removed (b); runtime changed")
    }

    @Test func placesAndDefaultsDoNotCount() throws {
        let old = try #require(Case.load(DiffTests.old).value)
        let moved = try #require(
            Case.load(
                "# moved\nruntime: { threads: 1, drain: 30s }\n" + DiffTests.old.split(separator: "\n").dropFirst().joined(separator: "\n")
            ).value)
        #expect(old.diff(to: moved).isEmpty)
        #expect(old.diff(to: moved).description == "nothing")
    }

    static let old = """
        runtime: { threads: 1 }
        upstreams:
          - { name: a, endpoints: [{ address: 127.0.0.1:1 }] }
          - { name: b, endpoints: [{ address: 127.0.0.1:2 }] }
        apis:
          - name: x
            routes: [{ match: { path: /x }, respond: { status: 200 } }]
        """
    static let new = """
        runtime: { threads: 2 }
        upstreams:
          - { name: c, endpoints: [{ address: 127.0.0.1:2 }] }
          - { name: a, endpoints: [{ address: 127.0.0.1:1, weight: 2 }] }
        apis:
          - name: x
            routes: [{ match: { path: /x }, respond: { status: 200 } }]
        """
}
