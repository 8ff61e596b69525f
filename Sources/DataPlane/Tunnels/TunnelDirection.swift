import GatewayCore
import HTTPEngine
import Primitives
import Reactor

/// One direction of a tunnel.
struct TunnelDirection {
    var inspector: WebSocketInspector
    /// Its frames are followed.
    private(set) var follows: Bool
    /// Whether the gateway has put a Close of its own into it, behind which nothing passes.
    var close = Close.no

    enum Close: Equatable {
        case no
        /// At the end of the frame that is under way.
        case wanted(UInt16)
        case sent
    }

    /// What of some bytes is passed on.
    struct Part {
        /// Goes first.
        var held: WebSocketFrameHead?
        var passes = 0
        var violation: WebSocketInspector.Violation?
        /// The frame that was under way is complete, and a Close is wanted.
        var isBoundary = false
    }

    init(_ inspector: WebSocketInspector, follows: Bool) {
        self.inspector = inspector
        self.follows = follows
    }

    mutating func take(_ bytes: ByteView, now: Instant, isStrict: Bool) -> Part {
        var part = Part()
        if close == .sent { return part }
        guard follows else {
            part.passes = bytes.count
            return part
        }
        let held = inspector.held
        let scan = inspector.scan(bytes, now: now, stopsAtBoundary: close != .no)
        if scan.releasesHeld { part.held = held }
        part.passes = scan.passes
        switch scan.end {
        case .more: break
        case .boundary: part.isBoundary = true
        case .violation(let violation) where isStrict: part.violation = violation
        case .violation:
            // Nothing depends on it but the way in which the tunnel is closed.
            follows = false
            if !held.isEmpty { part.held = held }
            part.passes = bytes.count
        }
        return part
    }

    /// The reserved bits that the extensions of a handshake may use: the first for compression (RFC 7692 §6), any for others.
    static func extensionBits(_ response: ResponseHead) -> UInt8 {
        var bits: UInt8 = 0
        response.fields.forEach(named: ByteView("sec-websocket-extensions")) { value in
            value.forEachListElement { element in
                let name = element.prefix(element.firstIndex(of: UInt8(ascii: ";")) ?? element.count).trimmed
                bits |= name.equalsIgnoringCase("permessage-deflate") ? 0x40 : 0x70
                return true
            }
            return true
        }
        return bits
    }
}
