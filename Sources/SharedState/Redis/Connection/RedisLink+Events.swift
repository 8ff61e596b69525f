import Primitives
import Reactor
import TLS

extension RedisLink: ConnectionHandler {
    func connected() { beginHandshake() }

    func received(_ bytes: ByteView) {
        lastHeard = loop.now
        guard let incoming else {
            let used = process(bytes)
            if connection != nil, used < bytes.count { keep(bytes.dropFirst(used)) }
            return
        }
        incoming.append(bytes)
        let used = process(incoming.view)
        // Without a connection, the buffer has been given back.
        guard self.incoming === incoming else { return }
        incoming.consume(used)
        guard incoming.isEmpty else { return }
        loop.giveBack(incoming)
        self.incoming = nil
    }

    private func keep(_ bytes: ByteView) {
        let buffer = loop.takeBuffer()
        buffer.append(bytes)
        incoming = buffer
    }

    func drained() { flush() }
    func inputEnded() { ended("\(name) has closed the connection") }
    func deadlineReached() {}

    func lost(_ error: SystemError) {
        guard state == .connecting else { return ended("the connection to \(name) is lost: \(error)") }
        let reason = peer?.refusal ?? "no connection to \(name): \(error)"
        connection = nil
        attemptFailed(StoreError(.unavailable, reason))
    }

    private func ended(_ reason: String) {
        let error = StoreError(.unavailable, reason)
        if state == .up { lose(.ended, error) } else { attemptFailed(error) }
    }

    // MARK: Replies

    /// Takes every whole reply; answers how many bytes they were.
    private func process(_ bytes: ByteView) -> Int {
        let connection = self.connection
        var used = 0
        while used < bytes.count {
            let rest = bytes.dropFirst(used)
            switch scanner.next(rest) {
            case .incomplete: return used
            case .malformed(let flaw):
                garbage(flaw.rawValue)
                return bytes.count
            case .complete(let length):
                used &+= length
                take(RedisReply(rest.prefix(length)))
                guard self.connection === connection, connection != nil else { return bytes.count }
            }
        }
        return used
    }

    private func take(_ reply: RedisReply) {
        if reply.kind == .push {
            owner?.pushed(reply, by: self)
        } else if state == .up {
            answer(reply)
        } else {
            continueHandshake(reply)
        }
    }

    private func answer(_ reply: RedisReply) {
        if reply.isError { return refused(reply.text ?? ByteView()) }
        guard let call = pipeline.takeAnswered() else {
            // Before RESP3 a subscriber's messages look like answers.
            return isSubscriber ? owner?.pushed(reply, by: self) ?? () : garbage("an answer to nothing")
        }
        counters.answered(after: loop.now - call.issued)
        call.done?(.success(reply))
        endIfRetired()
    }

    private func garbage(_ flaw: String) {
        let error = StoreError(.malformed, "\(name): \(flaw)")
        if state == .up { lose(.malformed, error) } else { attemptFailed(error) }
    }

    // MARK: Errors of the server

    private func refused(_ text: ByteView) {
        let meaning = RedisErrorReply(text)
        let shown = StoreError(.refused, RedisErrorReply.shown(text))
        let command = meaning.isRepeatable ? pipeline.firstCommand.array : []
        guard var call = pipeline.takeAnswered() else { return garbage("an error for nothing") }
        defer { endIfRetired() }
        call.repeats += 1
        let maySendAgain = call.repeats <= RedisCall.mostRepeats
        switch meaning {
        case .noScript:
            guard maySendAgain, let again = command.withView({ call.script?.withSource($0) }) else { return fail(call, shown) }
            pipeline.append(call, again)
            requestFlush()
        case .moved, .ask, .tryAgain:
            guard maySendAgain, let owner else { return fail(call, shown) }
            owner.redirect(call, command, meaning, from: self)
        case .notReady, .readOnly:
            fail(call, StoreError(.unavailable, shown.detail))
            owner?.isNotReady(self, meaning)
        case .denied, .other: fail(call, shown)
        }
    }
}
