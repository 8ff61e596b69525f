import Model
import Schema

/// What a case runs on: a gateway, a client, the upstream `up` and a service for callouts.
protocol Rig: AnyObject {
    var places: RigPlaces { get }

    /// Forgets what cases before this one have left.
    func begin(_ value: Case) async throws
    /// Takes a configuration, which has been found right; `tree` is what it was read from.
    func apply(_ tree: ConfigNode, _ model: Configuration) async throws
    /// Sends a request on a connection of its own, and waits for what comes back.
    func send(_ request: CaseRequest, answer: CaseAnswer, callouts: [CaseAnswer], withProxyHeader: Bool) async throws -> Outcome
    func advance(_ time: Duration) async throws
    /// The next line of the access log; nil on a rig that has none.
    func logLine() async throws -> ConfigNode?
}

/// The rig can't do what the case wants, or nothing comes back.
struct RigError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
