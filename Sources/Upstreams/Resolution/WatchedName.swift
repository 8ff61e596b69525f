package import Primitives
import Reactor
private import Synchronization

/// A name that the resolver keeps fresh. Releasing it stops that.
package final class WatchedName: Sendable {
    private let state: WatchState
    private let table: Monitor<NameTable>?
    private let id: UInt64

    init(_ state: WatchState, table: Monitor<NameTable>?, id: UInt64) {
        self.state = state
        self.table = table
        self.id = id
    }

    deinit { stop() }

    package var host: String { state.host }
    /// The last good addresses; empty before the first.
    package var addresses: [IPAddress] { state.current.addresses }
    /// Why the last refresh failed; nil when it did not.
    package var failure: ResolutionError? { state.current.failure }

    /// No call begins after this; one that is under way may still be ending.
    package func stop() {
        state.stop()
        table?.withLock { $0.unwatch(WatchedName.key(host), id) }
    }

    /// Names are the same in any case (RFC 4343).
    static func key(_ host: String) -> String { host.lowercased() }
}

/// What a watched name and the resolver's threads share.
final class WatchState: Sendable {
    struct Current {
        var addresses: [IPAddress] = []
        var failure: ResolutionError?
        var isStopped = false
    }

    let host: String
    private let changed: @Sendable ([IPAddress]) -> Void
    private let mutable = Mutex(Current())

    init(host: String, changed: @escaping @Sendable ([IPAddress]) -> Void) {
        self.host = host
        self.changed = changed
    }

    var current: Current { mutable.withLock { $0 } }

    func stop() { mutable.withLock { $0.isStopped = true } }

    func deliver(_ name: ResolvedName) {
        let isNew = mutable.withLock { current in
            guard !current.isStopped else { return false }
            current.failure = nil
            if current.addresses == name.addresses { return false }
            current.addresses = name.addresses
            return true
        }
        if isNew { changed(name.addresses) }
    }

    func deliver(_ error: ResolutionError) { mutable.withLock { $0.failure = error } }
}
