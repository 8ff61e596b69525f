import Primitives
import Reactor
import TLS
import Upstreams

/// What the links of a loop tell whoever directs commands to them.
protocol RedisLinkOwner: AnyObject {
    /// The server answers.
    func isUp(_ link: RedisLink)
    /// A connection could not be made, or is gone.
    func isDown(_ link: RedisLink)
    /// The server has sent something that nobody asked for.
    func pushed(_ reply: RedisReply, by link: RedisLink)
    /// The server has not executed the command; it belongs elsewhere. The call is the owner's from now on.
    func redirect(_ call: RedisCall, _ command: [UInt8], _ error: RedisErrorReply, from link: RedisLink)
    /// Nothing can be done there now.
    func isNotReady(_ link: RedisLink, _ error: RedisErrorReply)
}

/// One server, as one event loop reaches it: a connection that is made again when it is lost, and the commands that wait for it or are
/// under way. Confined to its loop.
///
/// Commands of one turn of the loop are sent in one write. Each gets an answer or an error, whatever becomes of the connection: one that
/// was sent is never sent again unless the server surely has not executed it, or the caller says that it may be.
final class RedisLink: @unchecked Sendable {
    enum State { case waiting, resolving, connecting, up, stopped }

    let loop: EventLoop
    let settings: RedisClientSettings
    let security: RedisSecurity?
    let resolver: Resolver
    private let prefix: [UInt8]
    /// Nil: not known yet.
    var server: RedisServer?
    weak var owner: (any RedisLinkOwner)?
    /// Only a master is of use.
    var wantsMaster = false
    /// The server also sends what nobody asked for.
    var isSubscriber = false
    var speaksRESP3 = false

    var state = State.waiting
    var breaker = RedisBreaker()
    var pipeline = RedisPipeline()
    var counters = RedisCounters()
    var connection: Connection?
    var peer: TLSPeer?
    let sessions = TLSSessions()
    var handshake: RedisHandshake?
    var scanner = RESPScanner()
    /// The beginning of a reply whose end has not come.
    var incoming: ByteBuffer?
    var addresses: [SocketAddress] = []
    /// Counts the attempts, and says which address is tried.
    var attempts = 0
    var retryAt = Instant.never
    var connectDeadline = Instant.never
    var lastHeard: Instant
    /// Why nothing is taken while the breaker is open.
    var failure = StoreError(.unavailable, "not connected yet")
    /// Ends when everything that is under way is answered.
    private var isRetiring = false
    private var isFlushing = false
    private let timer: TimerWheel.ID

    /// A connection that has been silent for so long is asked for a sign of life.
    static let idle = Nanoseconds.seconds(10)

    init(
        _ server: RedisServer?, _ settings: RedisClientSettings, security: RedisSecurity?, resolver: Resolver, loop: EventLoop
    ) {
        self.server = server
        self.settings = settings
        self.security = security
        self.resolver = resolver
        self.loop = loop
        prefix = Array(settings.keyPrefix.utf8)
        lastHeard = loop.now
        timer = loop.acquireTimer()
        loop.own(timer, by: self)
    }

    // MARK: Commands

    /// Takes a command; `done` may be called before this returns.
    func take(_ call: RedisCall, _ write: (inout RedisCommand) -> Void) {
        if let error = refusal { return refuse(call, error) }
        guard pipeline.append(call, prefix: prefix, write) else {
            return refuse(call, RedisCommand.incomplete)
        }
        taken(call)
    }

    /// Takes a command whose bytes are there.
    func take(_ call: RedisCall, _ command: [UInt8]) {
        if let error = refusal { return refuse(call, error) }
        pipeline.append(call, command)
        taken(call)
    }

    private func taken(_ call: RedisCall) {
        counters.commands &+= 1
        if call.deadline < loop.deadline(of: timer) { loop.arm(timer, at: call.deadline) }
        requestFlush()
    }

    /// Why no command is taken now.
    private var refusal: StoreError? {
        if breaker.isOpen || state == .stopped { return failure }
        guard pipeline.count < settings.mostWaiting, pipeline.byteCount < settings.mostWaitingBytes else {
            return StoreError(.unavailable, "too many commands wait for the server")
        }
        return nil
    }

    private func refuse(_ call: RedisCall, _ error: StoreError) {
        counters.commands &+= 1
        fail(call, error)
    }

    func fail(_ call: RedisCall, _ error: StoreError) {
        counters.failed(error.kind)
        call.fail(error)
    }

    /// A command of the link's own, or of its owner's.
    func ask(_ done: RedisCompletion?, _ write: (inout RedisCommand) -> Void) {
        take(RedisCall(issued: loop.now, deadline: loop.now + settings.timeout, isRepeatable: true, done: done), write)
    }

    /// Sends a command that is answered by pushes alone.
    func sendUnanswered(_ write: (inout RedisCommand) -> Void) {
        let out = ByteBuffer()
        var command = RedisCommand(into: out)
        write(&command)
        guard state == .up, command.finish() != nil else { return }
        connection?.send(out.view)
    }

    // MARK: Sending

    func requestFlush() {
        guard !isFlushing else { return }
        isFlushing = true
        loop.atEndOfTurn(flushLater)
    }

    private lazy var flushLater: () -> Void = { [weak self] in self?.flush() }

    func flush() {
        isFlushing = false
        guard state == .up, let connection, pipeline.hasUnsent, !connection.isBackedUp else { return }
        connection.send(pipeline.unsent)
        pipeline.noteSent()
        counters.writes &+= 1
    }

    // MARK: Life

    func start() { if server != nil, state == .waiting { attempt() } }

    /// From now on the server is another one.
    func move(to server: RedisServer) {
        guard server != self.server, state != .stopped else { return }
        self.server = server
        addresses = []
        breaker.forget()
        if state == .up { return lose(.ended, StoreError(.unavailable, "the server is not the master any more")) }
        dropConnection()
        attempt()
    }

    /// The next connection is made to another server, when it is time for it.
    func aim(at server: RedisServer) {
        guard state == .waiting, server != self.server else { return }
        self.server = server
        addresses = []
    }

    /// Takes no more, and ends with the last answer.
    func retire() {
        isRetiring = true
        endIfRetired()
    }

    func endIfRetired() {
        if isRetiring, pipeline.isEmpty { stop() }
    }

    func stop() {
        guard state != .stopped else { return }
        state = .stopped
        failure = StoreError(.unavailable, "the server is not used any more")
        dropConnection()
        loop.releaseTimer(timer)
        for call in pipeline.takeAll(but: { _, _ in false }) { fail(call, failure) }
    }

    // MARK: Time

    /// Arms the timer for what comes next.
    func rearm() {
        let next: Instant
        switch state {
        case .waiting: next = min(retryAt, pipeline.deadline)
        case .resolving, .connecting: next = min(connectDeadline, pipeline.deadline)
        case .up: next = min(pipeline.deadline, lastHeard + RedisLink.idle)
        case .stopped: return
        }
        loop.arm(timer, at: next)
    }
}

extension RedisLink: TimerOwner {
    func timerFired() {
        let now = loop.now
        switch state {
        case .stopped: return
        case .up:
            if pipeline.deadline <= now {
                return lose(.silent, StoreError(.timeout, "\(name) has not answered within \(settings.timeout / 1_000_000) ms"))
            }
            if pipeline.isEmpty, now - lastHeard >= RedisLink.idle { ask(nil) { $0.begin("PING", arguments: 0) } }
        case .waiting, .resolving, .connecting:
            if state == .waiting, retryAt <= now { return attempt() }
            if state != .waiting, connectDeadline <= now {
                return attemptFailed(StoreError(.timeout, "no connection to \(name) within \(settings.connectTimeout / 1_000_000) ms"))
            }
            if pipeline.deadline <= now { waitedInVain() }
        }
        rearm()
    }

    /// The oldest command has waited for a connection for too long: nobody else is to.
    private func waitedInVain() {
        breaker.waitedInVain()
        // Of a server that is not known, whoever looks for it has said why.
        if server != nil { failure = StoreError(.timeout, "no connection to \(name) yet") }
        for call in pipeline.takeAll(but: { _, _ in false }) { fail(call, failure) }
    }

    var name: String { server.map { "\($0)" } ?? "the master" }
}
