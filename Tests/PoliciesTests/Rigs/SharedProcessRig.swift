import Testing

/// The rig of all cases with a process, made when the first one asks.
actor SharedProcessRig {
    static let shared = SharedProcessRig()
    private var made: ProcessRig?

    func rig() async throws -> ProcessRig {
        if let made { return made }
        let rig = try await ProcessRig()
        made = rig
        return rig
    }

    /// False: the program did not end as it should have.
    func stop() async -> Bool {
        defer { made = nil }
        return await made?.stop() ?? true
    }
}

/// Ends the program behind the last test of a suite.
struct ProgramEnd: SuiteTrait, TestScoping {
    func provideScope(for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void) async throws {
        try await function()
        if await !SharedProcessRig.shared.stop() { Issue.record("the program did not end by itself, with 0") }
    }
}

extension Trait where Self == ProgramEnd {
    static var endsTheProgram: Self { ProgramEnd() }
}
