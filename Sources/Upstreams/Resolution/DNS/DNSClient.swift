import Primitives
import Reactor

/// Asks name servers about one complete name. Waits.
///
/// Each try has its own socket and so its own port, and each query an unpredictable id (RFC 5452); replies of anybody
/// else, to anything else, or malformed, are ignored.
struct DNSClient {
    let nameservers: [SocketAddress]
    /// For the reply of one server.
    let timeout: Nanoseconds
    /// Rounds through the servers.
    let attempts: Int

    struct Answer: Equatable {
        var addresses: [IPAddress] = []
        var services: [ServiceRecord] = []
        /// Seconds.
        var timeToLive: UInt32
    }

    enum Failure: Error, Equatable {
        /// All servers agree: no such name, or no such records.
        case notFound
        /// Servers answered that they can't answer.
        case refused(String)
        /// No server answered.
        case silent(String)
    }

    func lookUp(_ name: DNSName, _ kind: NameQuestion.Kind = .addresses) -> Result<Answer, Failure> {
        let types: [DNSMessage.RecordType] = kind == .services ? [.srv] : [.a, .aaaa]
        var known: [DNSMessage.RecordType: DNSReply] = [:]
        var failure = Failure.silent("there is none")
        for _ in 0..<attempts {
            for server in nameservers {
                let missing = types.filter { known[$0] == nil }
                for (type, outcome) in ask(server, name, missing) {
                    switch outcome {
                    case .success(let reply): known[type] = reply
                    case .failure(let error): failure = error
                    }
                }
                if known.count == types.count { return combine(known.values, or: .notFound) }
            }
        }
        // One kind of address is better than none.
        return combine(known.values, or: failure)
    }

    private func combine(_ replies: some Sequence<DNSReply>, or failure: Failure) -> Result<Answer, Failure> {
        var answer = Answer(timeToLive: .max)
        for reply in replies {
            switch reply {
            case .addresses(let list, let timeToLive) where !list.isEmpty:
                answer.addresses += list
                answer.timeToLive = min(answer.timeToLive, timeToLive)
            case .services(let list, let timeToLive) where !list.isEmpty:
                answer.services += list
                answer.timeToLive = min(answer.timeToLive, timeToLive)
            default: break
            }
        }
        return answer.addresses.isEmpty && answer.services.isEmpty ? .failure(failure) : .success(answer)
    }

    private typealias Outcomes = [DNSMessage.RecordType: Result<DNSReply, Failure>]

    /// What one server says to the queries, sent together.
    private func ask(_ server: SocketAddress, _ name: DNSName, _ types: [DNSMessage.RecordType]) -> Outcomes {
        var outcomes: Outcomes = [:]
        let deadline = Instant.now + timeout
        do {
            let socket = try DNSSocket(.datagram, to: server, deadline: deadline)
            var pending: [DNSMessage.RecordType: UInt16] = [:]
            for type in types {
                let id = UInt16.random(in: .min ... .max)
                pending[type] = id
                try socket.send(DNSMessage.query(name, type, id: id))
            }
            while !pending.isEmpty {
                let message = try socket.receive()
                for (type, id) in pending {
                    guard let reply = message.withView({ DNSReply.parse($0, name, type, id: id) }) else { continue }
                    pending[type] = nil
                    outcomes[type] = reply == .truncated ? askAgain(server, name, type) : DNSClient.judge(reply, server)
                    break
                }
            }
        } catch {
            for type in types where outcomes[type] == nil { outcomes[type] = .failure(.silent("\(server): \(error)")) }
        }
        return outcomes
    }

    /// The same over TCP, for an answer that did not fit (RFC 7766).
    private func askAgain(_ server: SocketAddress, _ name: DNSName, _ type: DNSMessage.RecordType) -> Result<DNSReply, Failure> {
        do {
            let socket = try DNSSocket(.stream, to: server, deadline: .now + timeout)
            let id = UInt16.random(in: .min ... .max)
            try socket.send(DNSMessage.query(name, type, id: id))
            let message = try socket.receive()
            guard let reply = message.withView({ DNSReply.parse($0, name, type, id: id) }), reply != .truncated else {
                return .failure(.refused("\(server): malformed reply over TCP"))
            }
            return DNSClient.judge(reply, server)
        } catch {
            return .failure(.silent("\(server): \(error)"))
        }
    }

    private static func judge(_ reply: DNSReply, _ server: SocketAddress) -> Result<DNSReply, Failure> {
        guard case .refused(let code) = reply else { return .success(reply) }
        let text = code == 1 ? "FORMERR" : code == 2 ? "SERVFAIL" : code == 4 ? "NOTIMP" : code == 5 ? "REFUSED" : "code \(code)"
        return .failure(.refused("\(server): \(text)"))
    }
}
