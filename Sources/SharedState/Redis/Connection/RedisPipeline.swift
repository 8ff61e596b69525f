import Primitives
import Reactor

/// The commands of one connection in the order in which they are answered: those that were sent, then those that wait.
///
/// Their bytes stay until the answer is there, one behind the other in memory that is used again and again: so a turn's commands go
/// out in one write, and one that the server has surely not executed can be sent again, here or elsewhere.
struct RedisPipeline {
    private let bytes = ByteBuffer()
    private var calls: ContiguousArray<RedisCall> = []
    /// Calls in front of it have been answered.
    private var head = 0
    /// How many of the calls, and of the bytes, were sent.
    private(set) var sent = 0
    private var sentBytes = 0

    /// Memory that a quiet pipeline keeps.
    private static let mostKept = 256 << 10

    var count: Int { calls.count &- head }
    var isEmpty: Bool { count == 0 }
    var byteCount: Int { bytes.count }
    var hasUnsent: Bool { sent < count }
    /// Until when the answer to the oldest has to be there; `.never` without any.
    var deadline: Instant { isEmpty ? .never : calls[head].deadline }

    // MARK: Adding

    /// Adds a command that `write` writes. Nil: it has written none; the call, to be told.
    mutating func append(_ call: RedisCall, prefix: [UInt8], _ write: (inout RedisCommand) -> Void) -> Bool {
        var command = RedisCommand(into: bytes, prefix: prefix)
        write(&command)
        guard let length = command.finish() else { return false }
        var call = call
        call.length = length
        calls.append(call)
        return true
    }

    /// Adds a command whose bytes are there.
    mutating func append(_ call: RedisCall, _ command: [UInt8]) {
        command.withView { bytes.append($0) }
        var call = call
        call.length = command.count
        calls.append(call)
    }

    // MARK: Sending

    /// What was added since `noteSent`; valid until the pipeline changes.
    var unsent: ByteView { bytes.view.dropFirst(sentBytes) }

    mutating func noteSent() {
        sent = count
        sentBytes = bytes.count
    }

    // MARK: Answers

    /// The command that is answered next; valid until the pipeline changes.
    var firstCommand: ByteView { isEmpty ? ByteView() : bytes.view.prefix(calls[head].length) }

    /// Takes the oldest call out. Nil: none was sent, so that nobody can have answered one.
    mutating func takeAnswered() -> RedisCall? {
        guard sent > 0 else { return nil }
        let call = calls[head]
        calls[head].done = nil
        head &+= 1
        sent &-= 1
        sentBytes &-= call.length
        bytes.consume(call.length)
        if head == calls.count {
            calls.removeAll(keepingCapacity: calls.capacity <= 4096)
            head = 0
            bytes.shrink(to: RedisPipeline.mostKept)
        } else if head >= 64, head &* 2 >= calls.count {
            calls.removeFirst(head)
            head = 0
        }
        return call
    }

    // MARK: Failing

    /// Takes out all calls but those of which `keeps` says that they can be sent on another connection; these wait again.
    mutating func takeAll(but keeps: (_ call: RedisCall, _ wasSent: Bool) -> Bool) -> [RedisCall] {
        var failed: [RedisCall] = []
        var kept: [(RedisCall, [UInt8])] = []
        var place = 0
        for index in head..<calls.count {
            let call = calls[index]
            if keeps(call, index &- head < sent) {
                kept.append((call, bytes.view[place..<place &+ call.length].array))
            } else {
                failed.append(call)
            }
            place &+= call.length
        }
        calls.removeAll()
        head = 0
        sent = 0
        sentBytes = 0
        bytes.shrink(to: RedisPipeline.mostKept)
        for (call, command) in kept { append(call, command) }
        return failed
    }
}
