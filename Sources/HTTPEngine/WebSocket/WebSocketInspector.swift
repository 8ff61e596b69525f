package import Primitives
package import Reactor

/// Follows the frames of one direction of a WebSocket (RFC 6455 §5), however the bytes are cut, and finds what breaks the
/// protocol or a limit before it is passed on. Looks at heads of frames only; holds at most one that is incomplete.
package struct WebSocketInspector {
    /// Who sends.
    package enum Sender: Sendable { case client, server }

    package struct Limits: Sendable, Equatable {
        /// Most bytes of a message as it is on the wire, all its fragments together.
        package var message = UInt64.max
        /// Most messages and control frames in a second; 0 for any number.
        package var messagesPerSecond = 0
        /// Bits of a frame's first byte that extensions have agreed on (§5.8): `0x40` for compression (RFC 7692).
        package var extensionBits: UInt8 = 0
        package init() {}
    }

    package enum Violation: Equatable, Sendable {
        case protocolError(String)
        case messageTooLarge
        case tooManyMessages
    }

    /// What of some bytes may be passed on.
    package struct Scan: Equatable, Sendable {
        /// The head that was held before is complete: it goes first.
        package var releasesHeld = false
        /// So many of the bytes follow it. What is left is held, or comes behind a violation or the boundary.
        package var passes = 0
        package var end = End.more
    }

    package enum End: Equatable, Sendable {
        /// All bytes are used.
        case more
        /// Between two frames, where it was asked to stop.
        case boundary
        case violation(Violation)
    }

    let sender: Sender
    package var limits: Limits
    /// A head, or the beginning of one, that is incomplete.
    package private(set) var held = WebSocketFrameHead()
    /// Bytes of the payload that are still to come.
    private var left: UInt64 = 0
    /// Length of the message so far, while it is incomplete; nil between messages.
    private var message: UInt64?
    /// A Close frame has begun: the last one of its sender (§5.5.1).
    package private(set) var hasClosed = false
    private var rate = MessageRate()

    package init(from sender: Sender, limits: Limits = Limits()) {
        self.sender = sender
        self.limits = limits
    }

    /// Whether a frame may be put in here.
    package var isBetweenFrames: Bool { left == 0 }

    /// Looks through what comes next. With `stopsAtBoundary` it goes no further than to the end of the frame that has begun.
    package mutating func scan(_ bytes: ByteView, now: Instant, stopsAtBoundary: Bool = false) -> Scan {
        var scan = Scan()
        // Whether the head that is being read began before these bytes.
        var beganBefore = !held.isEmpty
        var at = 0
        while true {
            if left > 0 {
                let piece = Int(clamping: min(left, UInt64(bytes.count - at)))
                left -= UInt64(piece)
                at += piece
                scan.passes = at
                if left > 0 { return scan }
            }
            if stopsAtBoundary {
                scan.end = .boundary
                return scan
            }
            if hasClosed {
                // Whoever gets it ignores it (§5.5.1).
                scan.passes = bytes.count
                return scan
            }
            while !held.isComplete {
                guard at < bytes.count else { return scan }
                held.append(bytes[at])
                at += 1
            }
            if let violation = check(held, now: now) {
                scan.end = .violation(violation)
                return scan
            }
            left = held.payload
            held = WebSocketFrameHead()
            if beganBefore { scan.releasesHeld = true }
            beganBefore = false
            scan.passes = at
            if at == bytes.count, left > 0 { return scan }
        }
    }

    private mutating func check(_ head: WebSocketFrameHead, now: Instant) -> Violation? {
        if let flaw = head.flaw(from: sender, extensionBits: limits.extensionBits) { return .protocolError(flaw) }
        switch head.opcode {
        case .continuation:
            guard message != nil else { return .protocolError("a continuation of no message") }
        case .text, .binary:
            guard message == nil else { return .protocolError("a message inside another") }
            message = 0
            if !rate.allows(limits.messagesPerSecond, now) { return .tooManyMessages }
        default:
            hasClosed = head.opcode == .close
            return rate.allows(limits.messagesPerSecond, now) || hasClosed ? nil : .tooManyMessages
        }
        let (sum, overflow) = (message ?? 0).addingReportingOverflow(head.payload)
        guard !overflow, sum <= limits.message else { return .messageTooLarge }
        message = head.isFinal ? nil : sum
        return nil
    }
}

/// How many messages a second may bring: a bucket of one second's worth that fills evenly.
private struct MessageRate {
    /// When the bucket will be full again.
    private var full = Instant(nanoseconds: 0)

    mutating func allows(_ perSecond: Int, _ now: Instant) -> Bool {
        guard perSecond > 0 else { return true }
        let interval = max(1, Nanoseconds.seconds(1) / UInt64(perSecond))
        let next = max(full, now) + interval
        guard next - now <= .seconds(1) else { return false }
        full = next
        return true
    }
}
