import Reactor

/// One source of secrets, asked over the network. Calls wait: they are for threads of their own, never for event loops.
protocol SecretClient: Sendable {
    /// What the source holds under `path`.
    ///
    /// - Parameter deadline: when nobody waits for the answer any more.
    func fetch(_ path: String, until deadline: Instant) -> Result<SecretPayload, SecretFailure>

    /// Asks for more time. Nil: it is not granted, and the value has to be fetched anew.
    func renew(_ lease: SecretLease, until deadline: Instant) -> SecretLease?

    /// Renews the client's own credential when that is due; answers when it will be due next.
    func keepAlive(until deadline: Instant) -> Instant
}

extension SecretClient {
    func renew(_ lease: SecretLease, until deadline: Instant) -> SecretLease? { nil }
    func keepAlive(until deadline: Instant) -> Instant { .never }
}
