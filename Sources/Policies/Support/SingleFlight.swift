import Identity
import Reactor

/// Makes work whose result several exchanges of one event loop wait for once. Confined to its loop.
///
/// The work is nobody's own: it goes on when an exchange that waits for it is over.
final class SingleFlight<Value: Sendable>: @unchecked Sendable {
    private var flights: [CredentialKey: Task<Value, Never>] = [:]

    func value(for key: CredentialKey, on loop: EventLoop, _ work: @escaping @Sendable () async -> Value) async -> Value {
        if let flight = flights[key] { return await flight.value }
        let flight = Task(executorPreference: loop) { await work() }
        flights[key] = flight
        let value = await flight.value
        flights[key] = nil
        return value
    }
}
