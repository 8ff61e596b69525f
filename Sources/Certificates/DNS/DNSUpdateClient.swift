internal import Primitives
internal import Reactor
internal import Upstreams

/// Sends dynamic updates to one server, over TCP. Blocks.
struct DNSUpdateClient: Sendable {
    let settings: DNSUpdateSettings
    let server: SocketAddress
    static let timeout: Nanoseconds = .seconds(10)

    /// Sets or removes a TXT record. `now` is seconds since 1970.
    func change(_ change: DNSUpdate.Change, record: String, value: String, now: Int64) throws(ACMEError) {
        guard let name = DNSName(record) else { throw .challenge("\(record) is no name") }
        let zone = try zone(of: record)
        do {
            let id = UInt16.random(in: .min ... .max)
            let message = DNSUpdate.message(change, name: name, value: value, zone: zone, id: id)
            guard let key = settings.key else {
                let reply = try exchange(message)
                return try confirm(reply, id)
            }
            let signed = try key.sign(message, now: now)
            let reply = try exchange(signed.message)
            // A refusal may come without a signature, as from a server that does not know the key.
            try confirm(reply, id)
            guard try key.verifies(reply, to: signed, now: now) else {
                throw ACMEError.challenge("\(server): the reply is not signed with \(key.name)")
            }
        } catch let error as ACMEError {
            throw error
        } catch {
            throw .challenge("\(server): \(error)")
        }
    }

    private func confirm(_ reply: [UInt8], _ id: UInt16) throws(ACMEError) {
        if let refusal = DNSUpdate.refusal(reply, id: id) { throw .challenge("the name server \(server) refuses the update: \(refusal)") }
    }

    private func exchange(_ message: [UInt8]) throws(SystemError) -> [UInt8] {
        let socket = try DNSSocket(.stream, to: server, deadline: .now + DNSUpdateClient.timeout)
        try socket.send(message)
        return try socket.receive()
    }

    private func zone(of record: String) throws(ACMEError) -> DNSName {
        if let text = settings.zone {
            guard let zone = DNSName(text) else { throw .challenge("\(text) is no zone") }
            return zone
        }
        guard let name = DNSName(record) else { throw .challenge("\(record) is no name") }
        let id = UInt16.random(in: .min ... .max)
        let reply: [UInt8]
        do throws(SystemError) { reply = try exchange(DNSUpdate.zoneQuery(name, id: id)) } catch { throw .challenge("\(server): \(error)") }
        guard let zone = DNSUpdate.zone(in: reply, id: id) else {
            throw .challenge("the name server \(server) knows of no zone of \(record): set `zone`")
        }
        return zone
    }
}
