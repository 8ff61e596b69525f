import Expressions
import GatewayCore
import HTTPEngine
import Model
import PolicyKit
import Primitives
import Reactor
import ReactorTesting
import Testing

@testable import DataPlane

@Suite struct SplitTests {
    @Test func sharesAreExact() {
        let split = Split(targets: [(upstream: 4, upTo: 95), (upstream: 9, upTo: 100)], total: 100, key: nil)
        var counts: [Int: Int] = [:]
        for number in UInt64(0)..<1000 { counts[split.choose(number) ?? -1, default: 0] += 1 }
        #expect(counts == [4: 950, 9: 50])
        #expect(Split(targets: [], total: 0, key: nil).choose(7) == nil)
        #expect(split.choose(.max) != nil)
    }

    private func exchange(_ target: String = "/", _ fields: String = "", client: IPAddress = .loopback) -> Exchange {
        let exchange = Exchange(loop: MemoryNetwork().loop)
        _ = String.get(target, fields).withView { RequestHeadParser.parse($0, limits: HeadLimits(), into: exchange.request) }
        exchange.client.address = client
        return exchange
    }

    @Test func keysReadWhatTheyName() throws {
        func hash(_ key: String, _ exchange: Exchange) throws -> UInt64 {
            HashKeyValue.hash(try Expression(key, in: .request), exchange)
        }
        let one = exchange("/p?user=7&x=1", "X-User: 7\r\nCookie: a=b; session=7\r\n")
        let same = exchange("/p?x=2&user=7", "x-USER: 7\r\nCookie: session=7; a=c\r\n")
        let other = exchange("/q?user=8", "X-User: 8\r\nCookie: session=8\r\n", client: IPAddress(v4: 9))
        let none = exchange("/r")
        for key in [
            #"request.headers["x-user"]"#, #"request.query["user"]"#, #"request.cookies["session"]"#, "request.path", "source.ip",
            #"request.method + request.path"#,
        ] {
            #expect(try hash(key, one) == hash(key, same), "\(key)")
            #expect(try hash(key, one) != hash(key, other), "\(key)")
            #expect(try hash(key, none) == hash(key, exchange("/r")), "\(key)")
        }
        let part = #"request.cookies["ession"]"#
        #expect(try hash(part, one) == hash(part, none), "part of a name is no name")
    }

    /// Keys that are near each other are spread as evenly as any.
    @Test(arguments: [#"request.headers["x-user"]"#, "source.ip", "request.path"]) func keysAreSpread(_ text: String) throws {
        let key = try Expression(text, in: .request)
        var counts = [Int](repeating: 0, count: 10)
        for i in 0..<5000 {
            let exchange = exchange("/u/\(i)", "X-User: user-\(i)\r\n", client: IPAddress(v4: 0x0a00_0000 + UInt32(i)))
            counts[Int(HashKeyValue.hash(key, exchange) % 10)] += 1
        }
        #expect(counts.allSatisfy { (400...600).contains($0) }, "\(counts)")
    }

    private let text = """
        upstreams:
          - { name: one, endpoints: [{ address: "192.0.2.101:80" }] }
          - { name: two, endpoints: [{ address: "192.0.2.102:80" }] }
          - { name: never, endpoints: [{ address: "192.0.2.103:80" }] }
        apis:
          - name: api
            routes:
              - match: { path: /key }
                splitKey: request.headers["x-user"]
                split: [{ upstream: one, weight: 3 }, { upstream: two, weight: 1 }, { upstream: never, weight: 0 }]
              - match: { path: /chance }
                split: [{ upstream: one, weight: 3 }, { upstream: two, weight: 1 }]
        """

    private func destination(_ rig: WorkerRig, _ request: String) -> SocketAddress? {
        let client = rig.client()
        client.send(request)
        let peer = rig.dialled()
        peer?.reset()
        client.reset()
        rig.network.settle()
        while rig.dialled() != nil {}
        return peer?.dialled
    }

    @Test func oneKeyOneUpstream() throws {
        let rig = try WorkerRig(text)
        var destinations: [SocketAddress?: Int] = [:]
        for user in 0..<100 {
            let first = destination(rig, .get("/key", "X-User: u\(user)\r\n"))
            #expect(first != nil && first == destination(rig, .get("/key", "X-User: u\(user)\r\n")))
            destinations[first, default: 0] += 1
        }
        #expect(destinations.count == 2 && (60...90).contains(destinations[MemoryNetwork.address(101)] ?? 0))
    }

    @Test func chanceFollowsTheWeights() throws {
        let rig = try WorkerRig(text)
        let ones = (0..<200).count { _ in destination(rig, .get("/chance")) == MemoryNetwork.address(101) }
        #expect((110...190).contains(ones))
    }
}
