import GatewayCore
import Primitives
import Reactor

/// One direction of an exchange whose bytes keep to paces: what has come and may not pass yet. That is no more than one read brings,
/// because whoever sends is stopped meanwhile.
struct PacedBody {
    private let paces: ContiguousArray<any BodyPace>
    private(set) var held: ByteBuffer?
    /// The first bytes of what is held that have a moment of their own.
    private var reserved = 0
    /// That moment.
    private(set) var until = Instant(nanoseconds: 0)
    /// The end has come, and waits for what is held.
    var hasEnded = false
    var trailers: HeaderFields?

    init(_ paces: ContiguousArray<any BodyPace>) { self.paces = paces }

    var isHolding: Bool { held != nil }

    /// How many of the next `count` bytes may pass now.
    mutating func grant(_ count: Int, now: Instant) -> Int {
        guard !paces.isEmpty else { return count }
        var granted = 0
        if reserved > 0 {
            guard until <= now else { return 0 }
            granted = min(reserved, count)
            reserved = 0
        }
        while granted < count {
            let next = paces.reduce(count - granted) { min($0, max(1, $1.slice)) }
            until = paces.reduce(now) { max($0, $1.reserve(next, now: now)) }
            guard until <= now else {
                reserved = next
                break
            }
            granted += next
        }
        return granted
    }

    mutating func hold(_ bytes: ByteView, _ loop: EventLoop) {
        guard !bytes.isEmpty else { return }
        let buffer = held ?? loop.takeBuffer()
        buffer.append(bytes)
        held = buffer
    }

    /// The first `count` bytes have passed.
    mutating func drop(_ count: Int, _ loop: EventLoop) {
        guard let held else { return }
        held.consume(count)
        if held.isEmpty { letGo(held, loop) }
    }

    /// Nobody wants it any more.
    mutating func clear(_ loop: EventLoop) {
        reserved = 0
        hasEnded = false
        trailers = nil
        guard let held else { return }
        held.clear()
        letGo(held, loop)
    }

    private mutating func letGo(_ buffer: ByteBuffer, _ loop: EventLoop) {
        held = nil
        loop.giveBack(buffer)
    }

    /// The end has come. Whoever brought the trailers uses them for others soon.
    mutating func end(_ trailers: HeaderFields?) {
        hasEnded = true
        guard let trailers else { return }
        let copy = HeaderFields()
        for i in 0..<trailers.count where !trailers.isRemoved(at: i) {
            copy.append(trailers.known(at: i), name: trailers.name(at: i), trailers.value(at: i))
        }
        self.trailers = copy
    }
}
