import DataPlane
import Testing

@testable import SluiceCLI

@Suite struct ProgramPathTests {
    private func resolved(_ name: String, _ executable: String? = "/opt/sluice-1/sluice", there: Set<String> = ["/usr/bin/sluice"]) -> String? {
        ProgramPath.resolve(name, search: "/usr/local/bin:/usr/bin", executable: executable, isExecutable: there.contains)
    }

    /// A link that points elsewhere by now is followed anew.
    @Test func takesAPathAsItWasGiven() {
        #expect(resolved("/opt/current/sluice") == "/opt/current/sluice")
        #expect(resolved("./sluice") == "./sluice")
    }

    @Test func looksANameUp() {
        #expect(resolved("sluice") == "/usr/bin/sluice")
        #expect(resolved("sluice", there: ["/usr/bin/sluice", "/usr/local/bin/sluice"]) == "/usr/local/bin/sluice")
    }

    @Test func elseAsksTheKernel() {
        #expect(resolved("gateway") == "/opt/sluice-1/sluice")
        #expect(resolved("gateway", "/opt/sluice-1/sluice (deleted)") == "/opt/sluice-1/sluice")
        #expect(resolved("", "/opt/sluice", there: ["/usr/bin/"]) == "/opt/sluice")
        #expect(resolved("gateway", nil) == nil)
    }
}

@Suite struct SuccessionTests {
    @Test(arguments: [StartOutcome.ready, .failed(""), .failed("error: line 3\nThe gateway was not started.")])
    func outcomesAreToldAndUnderstood(outcome: StartOutcome) { #expect(StartOutcome(outcome.text) == outcome) }

    @Test(arguments: ["", "ready", "ready\n ", "failed", "usage: …"])
    func anythingElseIsNoOutcome(text: String) { #expect(StartOutcome(text) == nil) }

    @Test func readsWhoWaits() {
        #expect(Predecessor.parse("17:5").map { [$0.process, $0.pipe] } == [17, 5])
    }

    @Test(arguments: ["", "17", "17:", ":5", "17:5:1", "0:5", "-1:5", "17:2", "17:-1", "a:b", "99999999999:5"])
    func ignoresWhatIsMalformed(text: String) { #expect(Predecessor.parse(text) == nil) }

    @Test func theSuccessorGetsTheVariablesButForThoseOfTheProcess() {
        let own = "PATH=/bin\0LISTEN_PID=7\0LISTEN_FDS=1\0LISTEN_FDNAMES=old\0WATCHDOG_PID=7\0WATCHDOG_USEC=100\0SLUICE_PREDECESSOR=6:4\0"
        let sockets = [ListeningSocket(handle: 9, name: ""), ListeningSocket(handle: 11, name: "web")]
        let variables = Successor.environment(own, sockets: sockets, process: 7)
        #expect(
            variables == [
                "PATH=/bin", "WATCHDOG_USEC=100", "LISTEN_PID=7", "LISTEN_FDS=2", "LISTEN_FDNAMES=unknown:web", "SLUICE_PREDECESSOR=7:5",
            ])
    }
}
