// A gateway whose registry has, beside the real policies, ones that do nothing: what a chain itself costs.
//
//     chain-bench CONFIGURATION
import DataPlane
import Discovery
import GatewayCore
import Model
import Glibc
import Policies
import PolicyKit
import Reactor
import Schema

struct NoSettings: Settings {
    init() {}
}

/// Passes every request, at once.
final class Pass: Policy, RequestPolicy {
    static let id = "pass"
    init(_ config: NoSettings, _ context: PolicyContext) {}
    func onRequest(_ exchange: Exchange) -> Verdict { .proceed }
}

/// Passes every request after one turn of the loop: a task with one suspension.
final class PassLater: Policy, AsyncRequestPolicy {
    static let id = "pass-later"
    init(_ config: NoSettings, _ context: PolicyContext) {}

    func onRequest(_ exchange: Exchange) async -> Verdict {
        await Task.yield()
        return .proceed
    }
}

let registry = builtInPolicies.adding([Pass.self, PassLater.self])

// Before any thread is made, so that all inherit the mask.
var signals = sigset_t()
sigemptyset(&signals)
sigaddset(&signals, SIGTERM)
sigaddset(&signals, SIGINT)
sigprocmask(SIG_BLOCK, &signals, nil)

guard let path = CommandLine.arguments.dropFirst().first else {
    print("usage: chain-bench CONFIGURATION")
    exit(2)
}
let loaded = FileSource(path: path, policies: registry).load()
guard let configuration = loaded.configuration else {
    print(loaded.diagnostics.text)
    exit(1)
}
let gateway = try Gateway(loops: configuration.runtime.threads ?? 1, policies: registry)
let diagnostics = gateway.apply(configuration, version: loaded.version)
guard !diagnostics.hasErrors else {
    print(diagnostics.text)
    exit(1)
}
var signal: Int32 = 0
sigwait(&signals, &signal)
exit(0)
