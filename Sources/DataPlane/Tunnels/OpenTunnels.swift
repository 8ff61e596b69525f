/// The tunnels of one event loop.
struct OpenTunnels {
    private var all: ContiguousArray<TunnelWatch> = []

    var count: Int { all.count }

    mutating func add(_ tunnel: TunnelWatch) {
        tunnel.place = all.count
        all.append(tunnel)
    }

    mutating func remove(_ tunnel: TunnelWatch) {
        let place = tunnel.place
        guard all.indices.contains(place), all[place] === tunnel, let last = all.popLast() else { return }
        tunnel.place = -1
        guard last !== tunnel else { return }
        all[place] = last
        last.place = place
    }

    /// Calls `body` with each that is open now; it may close them.
    func forEach(_ body: (TunnelWatch) -> Void) { for tunnel in all { body(tunnel) } }
}
