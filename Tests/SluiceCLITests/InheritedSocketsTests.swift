import Glibc
import Primitives
import Reactor
import Testing

@testable import SluiceCLI

@Suite struct InheritedSocketsTests {
    private func listed(_ variables: [String: String]) -> [String] {
        InheritedSockets.listed({ variables[$0] }, process: 7).map { "\($0.handle):\($0.name)" }
    }

    @Test func readsTheVariables() {
        #expect(listed(["LISTEN_PID": "7", "LISTEN_FDS": "3", "LISTEN_FDNAMES": "web:unknown:secure"]) == ["3:web", "4:", "5:secure"])
        #expect(listed(["LISTEN_PID": "7", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "web"]) == ["3:web", "4:"])
        #expect(listed(["LISTEN_PID": "7", "LISTEN_FDS": "1"]) == ["3:"])
    }

    @Test(
        arguments: [
            [:], ["LISTEN_FDS": "1"], ["LISTEN_PID": "8", "LISTEN_FDS": "1"], ["LISTEN_PID": "7"], ["LISTEN_PID": "7", "LISTEN_FDS": "-1"],
            ["LISTEN_PID": "7", "LISTEN_FDS": "99999999"], ["LISTEN_PID": "x", "LISTEN_FDS": "1"],
        ] as [[String: String]])
    func ignoresWhatIsNotMeantForIt(variables: [String: String]) { #expect(listed(variables).isEmpty) }

    @Test func namesComeBeforeAddresses() {
        let web = SocketAddress.ip(.loopback, port: 80), secure = SocketAddress.ip(.loopback, port: 443)
        var sockets = InheritedSockets([
            .init(handle: 3, name: "secure", address: web), .init(handle: 4, name: "web", address: secure),
            .init(handle: 5, name: "web", address: secure), .init(handle: 6, name: "", address: web), .init(handle: 7, name: "web", address: nil),
        ])
        #expect(sockets.take(name: "web", address: web) == [4, 5])
        #expect(sockets.take(name: "other", address: web) == [3, 6])
        #expect(sockets.take(name: "secure", address: secure) == [])
        #expect(sockets.remaining.map(\.handle) == [7])
        #expect(sockets.take(address: web) == [])
    }

    @Test func anAddressTakesAllThatAreBoundToIt() {
        let web = SocketAddress.ip(.loopback, port: 80), admin = SocketAddress.ip(.loopback, port: 9180)
        var sockets = InheritedSockets([
            .init(handle: 3, name: "", address: web), .init(handle: 4, name: "", address: admin), .init(handle: 5, name: "", address: web),
        ])
        #expect(sockets.take(name: "web", address: web) == [3, 5])
        #expect(sockets.take(address: admin) == [4])
        #expect(sockets.remaining.isEmpty)
    }

    @Test func findsTheAddressOfAListeningSocket() throws {
        let handle = try Socket.listen(on: .ip(.loopback, port: 0))
        defer { close(handle) }
        let address = try #require(InheritedSockets.boundAddress(handle))
        #expect(address.ip == .loopback)
        #expect(address.port != 0)
        let path = "/tmp/sluice-inherited-\(getpid())"
        let local = try Socket.listen(on: .unix(path))
        defer {
            close(local)
            unlink(path)
        }
        #expect(InheritedSockets.boundAddress(local) == .unix(path))
        let datagram = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(datagram) }
        #expect(InheritedSockets.boundAddress(datagram) == nil)
        #expect(InheritedSockets.boundAddress(-1) == nil)
    }

    /// The variables are gone afterwards, whomever they were meant for.
    @Test func removesTheVariables() {
        setenv("LISTEN_PID", "1", 1)
        setenv("LISTEN_FDS", "1", 1)
        setenv("LISTEN_FDNAMES", "web", 1)
        let sockets = InheritedSockets.fromEnvironment()
        #expect(sockets.remaining.isEmpty, "meant for process 1")
        #expect(getenv("LISTEN_PID") == nil)
        #expect(getenv("LISTEN_FDS") == nil)
        #expect(getenv("LISTEN_FDNAMES") == nil)
    }
}
