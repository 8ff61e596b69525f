import HTTPEngine
import Model
import Primitives
import Reactor
import Schema

/// What a route has tunnels do, ready to be asked.
struct TunnelSettings: Sendable, Equatable {
    /// Names of protocols, compared without case.
    let protocols: [String]
    let idle: Nanoseconds
    let lifetime: Nanoseconds
    /// Most bytes of a WebSocket message.
    let message: UInt64
    /// Most messages of a client in a second; 0 for any number.
    let messagesPerSecond: Int
    let closesOnReload: Bool

    init(_ route: Route, of api: API) {
        let websocket = route.websocket
        protocols = route.upgrade ?? api.upgrade ?? ["websocket"]
        idle = websocket.idle.nanoseconds
        lifetime = websocket.lifetime?.nanoseconds ?? .max
        message = websocket.maxMessage.map { UInt64(max(0, $0.bytes)) } ?? .max
        messagesPerSecond = websocket.messagesPerSecond ?? 0
        closesOnReload = websocket.closeOnReload
    }

    func allows(_ name: ByteView) -> Bool {
        protocols.contains { $0.withView { $0.equalsIgnoringCase(name) } }
    }

    /// Frames that break the protocol are passed on unless limits depend on understanding them.
    var isStrict: Bool { message != .max || messagesPerSecond > 0 }
}
