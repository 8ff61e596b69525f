import GatewayCore
import PolicyKit
import Primitives
import Reactor
import ReactorTesting
import Schema
import SharedState
import Synchronization
import Testing

@testable import Policies

/// A quota against a plain count of what it let pass, with a clock that is turned, and set forward and back.
@Suite struct QuotaPropertyTests {
    @Test(arguments: ["UTC", "Europe/Berlin", "America/Havana", "Australia/Lord_Howe"], ["minute", "hour", "day", "month"])
    func aWindowGivesOutItsAmount(zone: String, unit: String) throws {
        let network = MemoryNetwork()
        let policy = try quota("{ calls: 5, per: \(unit), timeZone: \(zone), by: route }")
        let unit = try #require(CalendarUnit(rawValue: unit))
        let file = try #require(ZoneFile(named: zone))
        let calendar = SharedState.Calendar(zone: .named(file))
        var random = FastRandom(seed: 6)
        var passed: [Int: Int] = [:], visits: [Int: Int] = [:], last: Int?
        for _ in 0..<2_000 {
            switch random.next() % 20 {
            case 0: network.backend.wallStep += Int64(random.next() % 7_200_000) * 1_000_000
            case 1: network.backend.wallStep -= Int64(random.next() % 7_200_000) * 1_000_000
            case 2: network.backend.wallStep += Int64(unit.seconds) * 1_500_000_000
            default: break
            }
            network.backend.wallStep += Int64(random.next() % UInt64(unit.seconds * 100)) * 1_000_000
            // The loop looks at the wall clock once a second.
            network.advance(.milliseconds(1_001))
            let window = calendar.window(unit, at: Int(network.loop.wallClock / 1_000_000_000)).start
            if window != last { visits[window, default: 0] += 1 }
            last = window
            let verdict = try ask(policy, on: network.loop)
            // A window that clocks have come back to may begin anew, or go on.
            if verdict {
                passed[window, default: 0] += 1
                #expect(passed[window, default: 0] <= 5 * visits[window, default: 0])
            } else {
                #expect(passed[window, default: 0] >= 5)
            }
        }
        #expect(passed.count > 10)
    }

    @Test func aWindowFromFirstUseKeepsItsBeginning() throws {
        let network = MemoryNetwork()
        let policy = try quota("{ calls: 2, per: day, from: first-use, by: route }")
        #expect(try ask(policy, on: network.loop))
        network.advance(.seconds(80_000))
        #expect(try ask(policy, on: network.loop))
        network.advance(.seconds(6_399))
        #expect(try !ask(policy, on: network.loop))
        network.advance(.seconds(1))
        #expect(try ask(policy, on: network.loop))
    }

    private func quota(_ yaml: String) throws -> Quota { try Quota(try decoded(yaml), PolicyContext(label: "quota", loops: 1)) }

    private func ask(_ policy: Quota, on loop: EventLoop) throws -> Bool {
        let exchange = Exchange(loop: loop)
        guard case .proceed = try #require(policy.verdict(exchange)) else { return false }
        policy.onFinish(exchange)
        return true
    }
}

/// What is told, and how often.
@Suite struct QuotaEventTests {
    private final class Told: EventSink {
        let events = Mutex<[Event]>([])
        func post(_ event: Event) { events.withLock { $0.append(event) } }
        func take() -> [String] {
            events.withLock { events in
                defer { events = [] }
                return events.map { event in "\(event.name) " + event.fields.map { "\($0.name)=\($0.value)" }.joined(separator: " ") }
            }
        }
    }

    @Test func eachShareIsToldOnceInAWindow() throws {
        let network = MemoryNetwork(), told = Told()
        let policy = try Quota(
            try decoded("{ calls: 10, per: day, by: 'request.headers[\"x-a\"]', warnAt: [50%, 80%] }"),
            PolicyContext(label: "daily", loops: 1, events: told))
        func ask(_ key: String, times: Int = 1) -> [String] {
            for _ in 0..<times {
                let exchange = Exchange(loop: network.loop)
                exchange.request.fields.append("x-a", key)
                _ = policy.verdict(exchange)
                policy.onFinish(exchange)
            }
            return told.take()
        }
        #expect(ask("a", times: 4) == [])
        #expect(ask("a") == ["quota_warning quota=daily window=calls-day key=a used=5 limit=10 share=50%"])
        #expect(ask("b", times: 5) == ["quota_warning quota=daily window=calls-day key=b used=5 limit=10 share=50%"])
        #expect(ask("a", times: 3) == ["quota_warning quota=daily window=calls-day key=a used=8 limit=10 share=80%"])
        #expect(ask("a", times: 2) == [])
        #expect(ask("a", times: 20) == ["quota_exceeded quota=daily window=calls-day key=a used=10 limit=10"])
        network.advance(.seconds(86_400))
        #expect(ask("a", times: 5).count == 1)
    }

    /// What is given back and spent again crosses a share a second time, and is not told again.
    @Test func whatIsGivenBackIsNotToldAgain() throws {
        let network = MemoryNetwork(), told = Told()
        let policy = try Quota(
            try decoded("{ calls: 2, per: day, by: route, warnAt: [100%], costFrom: 'response.status - 200' }"),
            PolicyContext(label: "q", loops: 1, events: told))
        for status in [201, 200, 200, 200] {
            let exchange = Exchange(loop: network.loop)
            exchange.response.status = status
            _ = policy.verdict(exchange)
            policy.onFinish(exchange)
        }
        #expect(told.take() == ["quota_warning quota=q window=calls-day key= used=2 limit=2 share=100%"])
    }
}
