import Primitives

/// What is said on a new connection before it carries commands: who we are, which database, and whether the server is of use.
struct RedisHandshake {
    enum Step: Equatable {
        /// Send what was written, and wait for its answer.
        case send
        case ready
        case failed(StoreError)
    }

    private enum State { case hello, authenticate, name, select, role, ping, done }

    private let settings: RedisClientSettings
    private let wantsMaster: Bool
    private var state = State.hello
    private(set) var speaksRESP3 = false

    /// - Parameter wantsMaster: a replica is refused.
    init(_ settings: RedisClientSettings, wantsMaster: Bool = false) {
        self.settings = settings
        self.wantsMaster = wantsMaster
    }

    mutating func begin(into out: ByteBuffer) -> Step {
        if settings.asksForRESP3 { return hello(out) }
        return authenticate(out)
    }

    mutating func answered(_ reply: RedisReply, into out: ByteBuffer) -> Step {
        switch state {
        case .hello:
            if !reply.isError {
                speaksRESP3 = true
                return select(out)
            }
            // Servers before Redis 6 do not know HELLO, others only older versions of the protocol, and some users may not say it.
            let text = reply.text ?? ByteView()
            return text.hasPrefix("WRONGPASS") ? failure(reply) : authenticate(out)
        case .authenticate: return reply.isError ? failure(reply) : setName(out)
        // Names are for whoever looks at the server's list of clients: not all may give them, or have them.
        case .name: return select(out)
        case .select: return reply.isError ? failure(reply) : askRole(out)
        case .role:
            // Who may not ask finds out when it writes.
            if reply.isError { return ping(out) }
            var elements = reply.elements
            let role = elements.next()?.text ?? ByteView()
            guard role == "master" else { return .failed(StoreError(.unavailable, "the server is no master")) }
            return ping(out)
        case .ping:
            if reply.isError { return failure(reply) }
            state = .done
            return .ready
        case .done: return .failed(StoreError(.malformed, "an answer to nothing"))
        }
    }

    // MARK: Steps

    private mutating func hello(_ out: ByteBuffer) -> Step {
        state = .hello
        let user = settings.username ?? "default"
        return write(out) { command in
            command.begin("HELLO", arguments: settings.password == nil ? 3 : 6)
            command.append("3")
            if let password = settings.password {
                command.append("AUTH")
                command.append(user)
                command.append(password)
            }
            command.append("SETNAME")
            command.append(settings.name)
        }
    }

    private mutating func authenticate(_ out: ByteBuffer) -> Step {
        guard let password = settings.password else { return setName(out) }
        state = .authenticate
        return write(out) { command in
            // Servers before Redis 6 have no users.
            command.begin("AUTH", arguments: settings.username == nil ? 1 : 2)
            if let user = settings.username { command.append(user) }
            command.append(password)
        }
    }

    private mutating func setName(_ out: ByteBuffer) -> Step {
        state = .name
        return write(out) { command in
            command.begin("CLIENT", arguments: 2)
            command.append("SETNAME")
            command.append(settings.name)
        }
    }

    private mutating func select(_ out: ByteBuffer) -> Step {
        guard settings.database != 0 else { return askRole(out) }
        state = .select
        return write(out) { command in
            command.begin("SELECT", arguments: 1)
            command.append(settings.database)
        }
    }

    private mutating func askRole(_ out: ByteBuffer) -> Step {
        guard wantsMaster else { return ping(out) }
        state = .role
        return write(out) { $0.begin("ROLE", arguments: 0) }
    }

    /// The last step shows that the server works: one that is loading its data says so now.
    private mutating func ping(_ out: ByteBuffer) -> Step {
        state = .ping
        return write(out) { $0.begin("PING", arguments: 0) }
    }

    private func write(_ out: ByteBuffer, _ body: (inout RedisCommand) -> Void) -> Step {
        var command = RedisCommand(into: out)
        body(&command)
        return command.finish() == nil ? .failed(StoreError(.malformed, "a command of the handshake is not whole")) : .send
    }

    private func failure(_ reply: RedisReply) -> Step {
        let text = reply.text ?? ByteView()
        switch RedisErrorReply(text) {
        case .denied: return .failed(StoreError(.refused, "the server refuses the user or the password (\(RedisErrorReply.code(text)))"))
        default: return .failed(StoreError(.unavailable, RedisErrorReply.shown(text)))
        }
    }
}
