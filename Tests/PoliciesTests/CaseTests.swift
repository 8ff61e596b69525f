import Schema
import Testing

/// Every file of `Cases`, on every rig that it is for.
@Suite struct CaseTests {
    @Test(arguments: CaseRun.all(on: .memory)) func memory(_ run: CaseRun) async throws { await run.check(try MemoryRig()) }

    @Test(.serialized, arguments: CaseRun.all(on: .socket)) func socket(_ run: CaseRun) async throws { await run.check(try SocketRig()) }
}

@Suite(.serialized, .endsTheProgram) struct ProcessCaseTests {
    @Test(arguments: CaseRun.all(on: .process)) func process(_ run: CaseRun) async throws {
        await run.check(try await SharedProcessRig.shared.rig())
    }

    @Test func aCaseCanFail() async throws {
        let rig = try await SharedProcessRig.shared.rig()
        let problems = await BrokenCaseTests.problems(
            """
            shows: s
            config: { policies: [headers: { response: { set: { x-a: "1" } } }] }
            steps:
              - { send: GET /, expect: { headers: { x-a: "2" }, upstream: none, log: { status: 404 } } }
              - { send: GET /, expect: { headers: { x-a: "1" }, upstream: { times: 1 }, log: { status: 200 } } }
            """, on: rig)
        #expect(problems.count == 3 && problems.allSatisfy { $0.hasPrefix("step 1 (c.yaml:4:5): ") }, "\(problems)")
    }
}

/// A case on a rig.
struct CaseRun: Sendable, CustomTestStringConvertible, CustomStringConvertible {
    let rig: RigKind
    let file: CaseFile

    var description: String { "\(rig.rawValue) \(file)" }
    var testDescription: String { description }

    /// A file that can't be read fails over memory.
    static func all(on rig: RigKind) -> [CaseRun] {
        CaseFile.all().filter { ($0.read().value?.kinds ?? [.memory]).contains(rig) }.map { CaseRun(rig: rig, file: $0) }
    }

    func check(_ rig: any Rig) async {
        for problem in await CaseRunner.problems(of: file, on: rig) { Issue.record("\(self): \(problem)") }
    }
}
