private import Glibc
package import Primitives
private import Synchronization

package protocol TimerOwner: AnyObject {
    func timerFired()
}

/// One worker: one thread that waits for its sockets, runs what they cause, and shares nothing with other loops.
///
/// Everything but `post`, `wake`, `stop` and the `TaskExecutor` part is for the loop's own thread.
package final class EventLoop: @unchecked Sendable {
    package let index: Int
    package let backend: any Backend
    private let mailbox = Mailbox()
    private let stopping = Atomic<Bool>(false)
    private let thread = Atomic<UInt>(0)

    /// The monotonic time at the start of this turn.
    package private(set) var now: Instant
    /// Wall clock minus monotonic clock, nanoseconds; looked at again every second.
    private var wallOffset: UInt64
    private var wallChecked: Instant
    private var date = HTTPDate()
    private var wheel: TimerWheel
    private var owners: ContiguousArray<Owner> = []
    private var fired: ContiguousArray<TimerWheel.ID> = []
    private var endOfTurn: ContiguousArray<() -> Void> = []
    private var buffers: ContiguousArray<ByteBuffer> = []
    private var kept: [AnyObject] = []
    /// An object of those who work on this loop: what they keep once for each loop.
    package var attachment: AnyObject?

    /// Where outgoing heads are composed; empty between two calls into a handler.
    package let output = ByteBuffer(capacity: 32 << 10)
    /// Where the layers of connections put what they make of bytes: sealed ones empty between two calls into a handler,
    /// plain ones while they are delivered.
    let sealed = ByteBuffer()
    let plain = ByteBuffer()
    let joined = ByteBuffer()
    var handshakes = HandshakeQueue()
    /// Connections whose last bytes are still on their way.
    package internal(set) var lingering = 0
    /// Called once a turn, after everything else: the place to hand over what was gathered.
    package var turnEnded: (() -> Void)?
    package private(set) var lag = LoopLag()
    package var pause = TurnPause()
    /// Most times that the mailbox is emptied in one turn.
    private static let mailRounds = 4

    private struct Owner {
        unowned(unsafe) var timer: (any TimerOwner)?
    }

    package init(index: Int, backend: any Backend) {
        self.index = index
        self.backend = backend
        now = backend.now
        wallOffset = backend.wallClock &- now.nanoseconds
        wallChecked = now
        wheel = TimerWheel(now: now)
    }

    // MARK: Running

    /// Turns until `stop`. To be called on the thread that is to be the loop's.
    package func run() {
        thread.store(UInt(pthread_self()), ordering: .releasing)
        while !stopping.load(ordering: .relaxed) { turn() }
        turn(wait: false)
    }

    /// One round: wait, deliver, timers, mail.
    package func turn(wait: Bool = true) {
        let idle = !wait || mailbox.hasMail || !endOfTurn.isEmpty || !handshakes.isEmpty
        if !idle { pauseBriefly() }
        backend.turn(until: idle ? now : wheel.nextExpiry, loop: self)
        expireTimers()
        // What a task goes on with after a short wait need not wait for the sockets, unless tasks never come to an end.
        var rounds = 0
        while mailbox.hasMail, rounds < EventLoop.mailRounds {
            readMail()
            rounds += 1
        }
        continueHandshakes()
        runEndOfTurn()
        turnEnded?()
        lag.record(backend.now - now)
    }

    private func pauseBriefly() {
        let length = pause.length(now: backend.now)
        if length > 0 { backend.pause(length) }
    }

    private func continueHandshakes() {
        guard !handshakes.isEmpty else { return }
        let begun = backend.now
        repeat {
            guard let connection = handshakes.takeFirst() else { return }
            discardForgottenOutput()
            connection.continueHandshake()
        } while backend.now - begun < HandshakeQueue.budget
    }

    /// Nanoseconds since 1970 at the start of this turn.
    package var wallClock: UInt64 {
        if now - wallChecked > .seconds(1) {
            wallChecked = now
            wallOffset = backend.wallClock &- backend.now.nanoseconds
        }
        return wallOffset &+ now.nanoseconds
    }

    /// The value of a `Date` field written now; valid until the next call.
    package var httpDate: ByteView { date.text(at: wallClock / 1_000_000_000) }

    /// Called by the backend when waiting is over, before it delivers.
    package func turnBegan() { now = backend.now }

    package func stop() {
        stopping.store(true, ordering: .relaxed)
        backend.wake()
    }

    /// Whether the caller is on the loop's thread.
    package var isCurrent: Bool { thread.load(ordering: .relaxed) == UInt(pthread_self()) }

    private func readMail() {
        for item in mailbox.take() {
            switch item {
            case .job(let job): unsafe job.runSynchronously(on: asUnownedTaskExecutor())
            case .work(let work): work()
            }
        }
    }

    private func runEndOfTurn() {
        while !endOfTurn.isEmpty {
            var work: ContiguousArray<() -> Void> = []
            swap(&work, &endOfTurn)
            for item in work { item() }
        }
    }

    /// Posted work, or a part of a task, waits for the next turn.
    package var hasMail: Bool { mailbox.hasMail }

    /// Runs `work` on the loop, soon. Callable from any thread.
    package func post(_ work: @escaping @Sendable () -> Void) {
        if mailbox.put(.work(work)) { backend.wake() }
    }

    /// Runs `work` when everything that this turn delivers has been delivered.
    package func atEndOfTurn(_ work: @escaping () -> Void) { endOfTurn.append(work) }

    /// Called before a handler is: bytes that another handler composed and forgot must never go out on a connection that
    /// they were not meant for. Forgetting is a mistake, which a debug build stops at.
    @inline(__always) func discardForgottenOutput() {
        guard !output.isEmpty else { return }
        assertionFailure("output left behind by a handler")
        output.clear()
    }

    /// Keeps an object for as long as the loop lives: one that only a timer knows.
    package func keep(_ object: AnyObject) { kept.append(object) }

    // MARK: Timers

    package func acquireTimer() -> TimerWheel.ID {
        let id = wheel.acquire()
        while owners.count <= Int(id) { owners.append(Owner(timer: nil)) }
        return id
    }

    /// Says who is told when the timer fires. The owner releases the timer before it goes.
    package func own(_ id: TimerWheel.ID, by owner: any TimerOwner) { unsafe owners[Int(id)].timer = owner }

    package func releaseTimer(_ id: TimerWheel.ID) {
        unsafe owners[Int(id)].timer = nil
        wheel.release(id)
    }

    package func deadline(of id: TimerWheel.ID) -> Instant { wheel.deadline(id) }
    package func arm(_ id: TimerWheel.ID, at deadline: Instant) { wheel.arm(id, at: deadline) }

    private func expireTimers() {
        wheel.expire(now: now, into: &fired)
        guard !fired.isEmpty else { return }
        for id in fired where wheel.takeFired(id) { unsafe owners[Int(id)].timer?.timerFired() }
        fired.removeAll(keepingCapacity: true)
    }

    // MARK: Memory

    /// A buffer for bytes that must outlive the call; give it back when it is empty again.
    package func takeBuffer() -> ByteBuffer { buffers.popLast() ?? ByteBuffer(capacity: 4096) }

    package func giveBack(_ buffer: ByteBuffer) {
        guard buffers.count < 256 else { return }
        buffer.shrink(to: 256 << 10)
        buffers.append(buffer)
    }
}

extension EventLoop: TaskExecutor {
    /// Runs a task's next part on this loop, so that `async` code keeps to the thread of its exchange.
    package func enqueue(_ job: consuming ExecutorJob) {
        if mailbox.put(.job(UnownedJob(job))), !isCurrent { backend.wake() }
    }
}

/// How long turns take: the time for which a loop cannot answer anybody else.
package struct LoopLag {
    /// Upper bounds of the buckets, nanoseconds; the last one is open.
    package static let bounds: [Nanoseconds] = [100_000, 1_000_000, 5_000_000, 10_000_000, 50_000_000, 100_000_000, 500_000_000]
    package private(set) var counts = [UInt64](repeating: 0, count: bounds.count + 1)
    package private(set) var total: Nanoseconds = 0
    package private(set) var longest: Nanoseconds = 0

    mutating func record(_ length: Nanoseconds) {
        total += length
        if length > longest { longest = length }
        var bucket = 0
        while bucket < LoopLag.bounds.count, length > LoopLag.bounds[bucket] { bucket += 1 }
        counts[bucket] += 1
    }
}
