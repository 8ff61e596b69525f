/// How the servers are reached from one event loop.
package struct RedisReport: Sendable {
    package struct Server: Sendable {
        package var name: String
        package var isUp: Bool
        /// The breaker is open: commands are refused at once.
        package var isOpen: Bool
        /// Commands that wait or are under way.
        package var waiting: Int
        /// Why the last connection was lost or not made, while there is none.
        package var failure: String?

        init(_ link: RedisLink) {
            name = link.name
            isUp = link.state == .up
            isOpen = link.breaker.isOpen
            waiting = link.pipeline.count
            failure = link.state == .up ? nil : link.failure.detail
        }
    }

    package var loop: Int
    package var servers: [Server]
    package var counters: RedisCounters
}
