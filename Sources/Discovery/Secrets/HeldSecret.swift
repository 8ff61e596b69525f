import Model
import Reactor
import Schema

/// Where a secret is: what one request to a source fetches.
struct SecretPlace: Hashable, Sendable {
    let source: String
    let path: String

    init(_ reference: SecretReference) {
        source = reference.source
        path = reference.path
    }
}

/// A secret that the configuration uses, as it was last fetched.
struct HeldSecret: Sendable {
    /// The settings of its source at that time.
    let source: SecretSource
    var payload: SecretPayload
    /// The fields that are referred to; nil stands for the secret as a whole.
    var fields: Set<String?> = []
    /// When the source is to be asked again.
    var due: Instant
    /// The last attempt has failed, and that has been said.
    var isFailing = false

    init(_ source: SecretSource, _ payload: SecretPayload, now: Instant) {
        self.source = source
        self.payload = payload
        due = HeldSecret.due(source, payload, now: now)
    }

    /// Whether the source lends it still, so that fetching it anew would only make another.
    func isLent(now: Instant) -> Bool { payload.lease.map { now < $0.end } ?? false }

    /// Takes over what the source says now. True: a value that is referred to is another.
    mutating func take(_ new: SecretPayload, now: Instant) -> Bool {
        defer {
            payload = new
            due = HeldSecret.due(source, new, now: now)
            isFailing = false
        }
        return fields.contains { (try? payload.value($0).get()) != (try? new.value($0).get()) }
    }

    /// The source could not be asked. True: that has not been said yet.
    mutating func fail(now: Instant) -> Bool {
        defer { isFailing = true }
        let refresh = source.refresh.nanoseconds
        due = now + min(refresh > 0 ? refresh : .seconds(30), .seconds(30))
        return !isFailing
    }

    private static func due(_ source: SecretSource, _ payload: SecretPayload, now: Instant) -> Instant {
        let refresh = source.refresh.nanoseconds
        // What is lent is not asked for: each request would make another.
        if let lease = payload.lease { return lease.due }
        return refresh > 0 ? now + refresh : .never
    }
}
