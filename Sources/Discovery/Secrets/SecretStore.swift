import Model
package import Reactor
package import Schema
import Synchronization

/// The secrets that a configuration refers to, as their sources have given them. Lives as long as the process, so that the
/// last good values outlast a source that is down, and logins outlast a reload.
package final class SecretStore: Sendable {
    /// Whether sources are asked when a configuration is loaded.
    package enum Asking: Sendable {
        /// For everything: a value may have changed.
        case always
        /// For what is not known yet.
        case forNews
        /// Not at all: values stay unknown.
        case never
    }

    /// What is known of the references of a configuration.
    struct Answers: Sendable {
        var values: [SecretReference: SecretAnswer] = [:]
        /// Sources that can't be asked because of their settings, by name.
        var flaws: [String: SecretFailure] = [:]
    }

    /// What a round has brought.
    package struct Refresh: Sendable {
        /// A value that the configuration uses is another than before.
        package var hasChanged = false
        /// Secrets that could not be asked for, or can again, since this round.
        package var remarks: [String] = []
    }

    private struct State {
        var clients: [String: (source: SecretSource, client: any SecretClient)] = [:]
        var held: [SecretPlace: HeldSecret] = [:]
        /// When the first client has to do something about its own credential.
        var clientsDue = Instant.never
    }

    private let state = Mutex(State())
    /// One round at a time.
    private let working = Mutex(())
    private let makeClient: @Sendable (SecretSource) throws(SecretFailure) -> any SecretClient

    package convenience init() {
        let transport = LoopTransport()
        self.init { (source) throws(SecretFailure) in try SecretStore.client(of: source, transport: transport) }
    }

    init(makeClient: @escaping @Sendable (SecretSource) throws(SecretFailure) -> any SecretClient) { self.makeClient = makeClient }

    private static func client(of source: SecretSource, transport: any SecretTransport) throws(SecretFailure) -> any SecretClient {
        if let vault = source.vault { return try VaultClient(vault, transport: transport) }
        if let aws = source.awsSecretsManager { return try SecretsManagerClient(aws, transport: transport) }
        if let kubernetes = source.kubernetes { return try KubernetesClient(kubernetes, transport: transport) }
        throw .unavailable("nothing says where the secrets of `\(source.name)` are", remedy: "give one of \(SecretSource.allKinds)")
    }

    // MARK: Loading

    /// Finds the values of a configuration's references, all at the same time.
    func answers(_ references: Set<SecretReference>, of sources: [SecretSource], asking: Asking) -> Answers {
        guard asking != .never else { return Answers(values: Dictionary(uniqueKeysWithValues: references.map { ($0, .silent) })) }
        return working.withLock { _ in
            var answers = Answers()
            let clients = updateClients(sources, &answers.flaws)
            let places = Dictionary(grouping: references, by: SecretPlace.init).filter { clients[$0.key.source] != nil }
            let before = state.withLock { $0.held }
            let wanted = places.keys.filter { place in
                guard let held = before[place], let source = clients[place.source]?.source, held.source == source else { return true }
                return asking == .always && !held.isLent(now: .now)
            }
            let results = fetch(Array(wanted), clients)
            var held = before
            for (place, references) in places {
                guard let source = clients[place.source]?.source else { continue }
                let known = before[place].flatMap { $0.source == source ? $0 : nil }
                let (kept, failure) = SecretStore.settle(source, results[place], known)
                if var kept {
                    kept.fields.formUnion(references.map(\.field))
                    held[place] = kept
                }
                for reference in references { answers.values[reference] = SecretStore.answer(reference, kept?.payload, failure) }
            }
            for reference in references where answers.flaws[reference.source] != nil { answers.values[reference] = .silent }
            state.withLock { $0.held = held }
            keepClientsAlive(clients)
            return answers
        }
    }

    /// A configuration serves: what it does not refer to is forgotten.
    package func keepOnly(_ references: Set<SecretReference>) {
        let places = Dictionary(grouping: references, by: SecretPlace.init)
        state.withLock { state in
            state.held = state.held.filter { places[$0.key] != nil }
            for (place, references) in places { state.held[place]?.fields = Set(references.map(\.field)) }
        }
    }

    /// What is held of a secret after the source was asked for it, or was not.
    private static func settle(
        _ source: SecretSource, _ result: Result<SecretPayload, SecretFailure>?, _ known: HeldSecret?
    ) -> (held: HeldSecret?, failure: SecretFailure?) {
        switch result {
        case nil: return (known, nil)
        case .success(let payload): return (HeldSecret(source, payload, now: .now), nil)
        case .failure(let failure):
            guard failure.kind == .unavailable, var known else { return (nil, failure) }
            // The warning of the configuration says it.
            _ = known.fail(now: .now)
            return (known, failure)
        }
    }

    private static func answer(_ reference: SecretReference, _ payload: SecretPayload?, _ failure: SecretFailure?) -> SecretAnswer {
        guard let payload else {
            return .failure(message: failure?.message ?? "there is no value", remedy: failure?.remedy ?? "check the source")
        }
        switch payload.value(reference.field) {
        case .success(let value): return failure.map { .kept(value, why: $0.message) } ?? .value(value)
        case .failure(let flaw): return .failure(message: "\(reference.path): \(flaw.message)", remedy: flaw.remedy)
        }
    }

    private func updateClients(
        _ sources: [SecretSource], _ flaws: inout [String: SecretFailure]
    ) -> [String: (source: SecretSource, client: any SecretClient)] {
        let before = state.withLock { $0.clients }
        var clients: [String: (source: SecretSource, client: any SecretClient)] = [:]
        for source in sources {
            if let known = before[source.name], known.source == source {
                clients[source.name] = known
                continue
            }
            do throws(SecretFailure) { clients[source.name] = (source, try makeClient(source)) } catch { flaws[source.name] = error }
        }
        state.withLock { $0.clients = clients }
        return clients
    }

    private func fetch(
        _ places: [SecretPlace], _ clients: [String: (source: SecretSource, client: any SecretClient)]
    ) -> [SecretPlace: Result<SecretPayload, SecretFailure>] {
        let results = Parallel.map(places) { place -> Result<SecretPayload, SecretFailure> in
            guard let (source, client) = clients[place.source] else { return .failure(.missing("there is no source", remedy: "")) }
            return client.fetch(place.path, until: .now + source.timeout.nanoseconds)
        }
        return Dictionary(uniqueKeysWithValues: zip(places, results))
    }
}

// MARK: Rotation

extension SecretStore {
    /// When something has to be asked for, or renewed, next.
    package var due: Instant {
        state.withLock { state in state.held.values.reduce(state.clientsDue) { min($0, $1.due) } }
    }

    /// Asks for what is due. Waits; not for event loops.
    package func refresh() -> Refresh {
        working.withLock { _ in
            var refresh = Refresh()
            let (held, clients) = state.withLock { ($0.held, $0.clients) }
            let now = Instant.now
            let due = held.filter { $0.value.due <= now }.map { (place: $0.key, held: $0.value) }
            let results = Parallel.map(due) { place, held -> Result<SecretPayload, SecretFailure> in
                guard let (source, client) = clients[place.source] else { return .success(held.payload) }
                let deadline = Instant.now + source.timeout.nanoseconds
                if let lease = held.payload.lease, lease.isRenewable, let renewed = client.renew(lease, until: deadline) {
                    var payload = held.payload
                    payload.lease = renewed
                    return .success(payload)
                }
                return client.fetch(place.path, until: deadline)
            }
            for ((place, held), result) in zip(due, results) { take(result, place, held, &refresh) }
            keepClientsAlive(clients)
            return refresh
        }
    }

    private func take(_ result: Result<SecretPayload, SecretFailure>, _ place: SecretPlace, _ held: HeldSecret, _ refresh: inout Refresh) {
        var held = held
        switch result {
        case .success(let payload):
            if held.isFailing { refresh.remarks.append("`\(place.source)` gives \(place.path) again") }
            if held.take(payload, now: .now) { refresh.hasChanged = true }
        case .failure(let failure):
            if held.fail(now: .now) {
                refresh.remarks.append("\(place.source)/\(place.path) keeps its last value: \(failure.message); \(failure.remedy)")
            }
        }
        state.withLock { $0.held[place] = held }
    }

    private func keepClientsAlive(_ clients: [String: (source: SecretSource, client: any SecretClient)]) {
        let next = Parallel.map(Array(clients.values)) { source, client in client.keepAlive(until: .now + source.timeout.nanoseconds) }
        state.withLock { $0.clientsDue = next.min() ?? .never }
    }
}
