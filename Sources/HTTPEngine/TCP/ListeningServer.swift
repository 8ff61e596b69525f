package import GatewayCore
package import Reactor

/// One listener on one event loop, whatever it speaks.
package protocol ListeningServer: AnyObject {
    var info: ListenerInfo { get }
    var counters: ServerCounters { get }
    var openConnections: Int { get }
    /// Accepts no more, and ends what is open as gently as its protocol allows.
    func drain(grace: Nanoseconds)
    /// Closes the connections of those who have been banned meanwhile.
    func closeBanned()
    /// Closes every connection, whatever it is doing.
    func closeAll()
}

extension HTTPServer: ListeningServer {}
