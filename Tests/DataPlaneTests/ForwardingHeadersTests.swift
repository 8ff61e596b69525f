import GatewayCore
import HTTPEngine
import Primitives
import Reactor
import ReactorTesting
import Testing

@testable import DataPlane

@Suite struct ForwardingHeadersTests {
    private func exchange(peer: String, trusted: Bool, _ fields: [String]) throws -> Exchange {
        let exchange = Exchange(loop: MemoryNetwork().loop)
        let text = "GET / HTTP/1.1\r\nHost: h:81\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n"
        let result = text.withView { RequestHeadParser.parse($0, limits: HeadLimits(), into: exchange.request) }
        guard case .complete = result else { throw TestProblem("\(result)") }
        exchange.client.peer = try #require(IPAddress(parsing: peer))
        exchange.client.address = exchange.client.peer
        exchange.client.isTrusted = trusted
        exchange.requestID = RequestID(milliseconds: 1, random: (1, 1))
        exchange.listener = ListenerInfo(
            name: "web", index: 0, port: 8080, scheme: "http", trustedProxies: ["10.0.0.0/8", "fd00::/8"].compactMap { CIDR(parsing: $0) })
        return exchange
    }

    /// Peer, whether it is trusted, the fields that came, the fields that are sent upstream behind Host.
    @Test func whatIsSentUpstream() throws {
        for row in try CaseFile.rows("forwarding.txt") {
            let exchange = try exchange(
                peer: row[0], trusted: row[1] == "trusted", row[2].isEmpty ? [] : row[2].split(separator: "|").map(String.init))
            if row[1] == "trusted", let given = exchange.request.fields[.xRequestID] { exchange.keepRequestID(given) }
            ForwardingHeaders.apply(exchange)
            let fields = exchange.request.fields
            let sent = (0..<fields.count).filter { !fields.isRemoved(at: $0) && fields.known(at: $0) != .host }
                .map { "\(fields.name(at: $0).string): \(fields.value(at: $0).string)" }
            let expected = row[3].split(separator: "|").map(String.init)
            #expect(sent.sorted() == expected.sorted(), "\(row[0]) \(row[1]) \(row[2])")
        }
    }

    /// Fields of a trusted peer at 10.0.0.1, the client that they name.
    @Test func whoTheClientIs() throws {
        for row in try CaseFile.rows("clients.txt") {
            let exchange = try exchange(peer: "10.0.0.1", trusted: true, row[0].split(separator: "|").map(String.init))
            ForwardingHeaders.resolveClient(exchange)
            #expect(exchange.client.address.description == row[1], "\(row[0])")
            #expect(exchange.client.peer.description == "10.0.0.1")
        }
    }

    @Test func nobodyBelievesAStranger() throws {
        let exchange = try exchange(peer: "203.0.113.9", trusted: false, ["X-Forwarded-For: 1.2.3.4", "Forwarded: for=1.2.3.4"])
        ForwardingHeaders.resolveClient(exchange)
        #expect(exchange.client.address.description == "203.0.113.9")
    }

    /// The storage that the fields live in grows while they are laid over: nothing may be lost on the way.
    @Test func longAuthorities() throws {
        for length in stride(from: 1, to: 500, by: 7) {
            let exchange = Exchange(loop: MemoryNetwork().loop)
            let host = String(repeating: "h", count: length)
            let text = "GET / HTTP/1.1\r\nHost: \(host)\r\nX: \(String(repeating: "x", count: 1024 - length))\r\n\r\n"
            _ = text.withView { RequestHeadParser.parse($0, limits: HeadLimits(), into: exchange.request) }
            ForwardingHeaders.apply(exchange)
            #expect(exchange.request.fields[.xForwardedHost]?.string == host)
            #expect(exchange.request.fields[.forwarded]?.string.hasSuffix(";host=\"\(host)\";proto=http") == true)
        }
    }
}
