package import Schema

/// How long a tunnel may last, and what may pass through a WebSocket.
package struct WebSocketSettings: Settings {
    @Setting(
        "Longest time in which nothing passes, in either direction, through a WebSocket or a tunnel of another protocol.",
        .milliseconds(100) ... .seconds(86400 * 7))
    package var idle: Duration = .seconds(3600)

    @Setting("Longest time that a WebSocket or another tunnel may last. Left out: no bound.", .milliseconds(100) ... .seconds(86400 * 30))
    package var lifetime: Duration?

    @Setting(
        "Longest message of a WebSocket, either way, in bytes as they are on the wire (compressed, where the two ends have agreed on that): closed with 1009 beyond. Left out: no bound.",
        .bytes(1)...ByteSize.bytes(.max))
    package var maxMessage: ByteSize?

    @Setting(
        "Messages and control frames that a client may send in a second: closed with 1008 beyond. Left out: no bound.", 1...1_000_000)
    package var messagesPerSecond: Int?

    @Setting("Close tunnels, WebSockets with 1012, when a new configuration changes their route or upstream. Otherwise they go on under the old one.")
    package var closeOnReload: Bool = false

    package init() {}
}
