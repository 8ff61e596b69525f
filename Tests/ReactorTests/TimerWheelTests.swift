import Reactor
import Testing

@Suite struct TimerWheelTests {
    /// Thousands of operations against a dictionary of deadlines.
    @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64]) func agreesWithAListOfDeadlines(_ seed: UInt64) {
        var random = SplitMix(seed: seed)
        var now = Instant(nanoseconds: UInt64.random(in: 0..<1 << 40, using: &random))
        var wheel = TimerWheel(now: now)
        var armed: [TimerWheel.ID: Instant] = [:]
        var free: Set<TimerWheel.ID> = []
        var all: [TimerWheel.ID] = []
        for _ in 0..<6000 {
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<10:
                let id = wheel.acquire()
                #expect(!all.contains(id), "a timer that is in use was given out again")
                #expect(wheel.deadline(id) == .never, "a new timer is armed")
                free.remove(id)
                all.append(id)
            case 10..<15:
                guard let index = all.indices.randomElement(using: &random) else { continue }
                wheel.release(all[index])
                armed[all[index]] = nil
                all.remove(at: index)
            case 15..<75:
                guard let id = all.randomElement(using: &random) else { continue }
                let deadline = randomDeadline(now, armed[id], &random)
                wheel.arm(id, at: deadline)
                // What is due already is due now.
                armed[id] = deadline == .never ? nil : max(deadline, now)
                #expect(wheel.deadline(id) == deadline)
            default:
                now = now + randomStep(&random)
                expire(&wheel, now, &armed)
            }
            checkNext(wheel, now, armed)
        }
        // At last everything comes, once.
        now = now + 100_000 * TimerWheel.tick
        expire(&wheel, now, &armed)
        #expect(armed.isEmpty)
        for _ in 0..<3 {
            now = now + 1100 * TimerWheel.tick
            expire(&wheel, now, &armed)
        }
        #expect(wheel.nextExpiry == .never, "nothing waits, but something is expected")
    }

    private func randomDeadline(_ now: Instant, _ old: Instant?, _ random: inout SplitMix) -> Instant {
        switch Int.random(in: 0..<10, using: &random) {
        case 0: .never
        case 1: Instant(nanoseconds: now.nanoseconds - min(now.nanoseconds, UInt64.random(in: 0..<1 << 30, using: &random)))
        case 2, 3: (old ?? now) + UInt64.random(in: 0..<1 << 32, using: &random)
        case 4: now + TimerWheel.tick * UInt64.random(in: 1000...3000, using: &random)
        case 5: now + TimerWheel.tick * UInt64.random(in: 0...2, using: &random)
        default: now + UInt64.random(in: 0..<1 << 34, using: &random)
        }
    }

    private func randomStep(_ random: inout SplitMix) -> Nanoseconds {
        switch Int.random(in: 0..<20, using: &random) {
        case 0: TimerWheel.tick * UInt64.random(in: 1000...1050, using: &random)
        case 1: TimerWheel.tick * UInt64.random(in: 1024...5000, using: &random)
        case 2: 0
        case 3..<8: TimerWheel.tick
        default: UInt64.random(in: 0..<1 << 28, using: &random)
        }
    }

    private func expire(_ wheel: inout TimerWheel, _ now: Instant, _ armed: inout [TimerWheel.ID: Instant]) {
        var fired: ContiguousArray<TimerWheel.ID> = []
        wheel.expire(now: now, into: &fired)
        #expect(Set(fired).count == fired.count, "a timer fired twice")
        for id in fired {
            guard let deadline = armed[id] else {
                Issue.record("a timer fired that was not armed")
                continue
            }
            #expect(deadline <= now, "a timer fired \(deadline - now) ns too early")
            #expect(wheel.deadline(id) == .never, "a timer that fired is still armed")
            armed[id] = nil
        }
        let tick = TimerWheel.tick
        for (_, deadline) in armed {
            #expect(deadline.nanoseconds / tick + 1 > now.nanoseconds / tick, "a timer is \(now - deadline) ns late")
        }
    }

    /// Not later than the first deadline and a tick, and never in a tick that has passed.
    private func checkNext(_ wheel: TimerWheel, _ now: Instant, _ armed: [TimerWheel.ID: Instant]) {
        let next = wheel.nextExpiry
        guard let first = armed.values.min() else { return }
        #expect(next <= max(first, now) + TimerWheel.tick, "waits past the first deadline")
        #expect(next > now || next.nanoseconds / TimerWheel.tick >= now.nanoseconds / TimerWheel.tick, "the next expiry is in the past")
    }

    @Test func movingToLaterAndBack() {
        var wheel = TimerWheel(now: Instant(nanoseconds: 0))
        var fired: ContiguousArray<TimerWheel.ID> = []
        let id = wheel.acquire()
        wheel.arm(id, at: .init(nanoseconds: 100 * TimerWheel.tick))
        wheel.arm(id, at: .init(nanoseconds: 900 * TimerWheel.tick))
        wheel.expire(now: .init(nanoseconds: 500 * TimerWheel.tick), into: &fired)
        #expect(fired.isEmpty)
        wheel.arm(id, at: .init(nanoseconds: 501 * TimerWheel.tick))
        wheel.expire(now: .init(nanoseconds: 502 * TimerWheel.tick), into: &fired)
        #expect(fired == [id])
    }

    @Test func aTimerOfNoEndNeverFires() {
        var wheel = TimerWheel(now: Instant(nanoseconds: 0))
        var fired: ContiguousArray<TimerWheel.ID> = []
        let id = wheel.acquire()
        wheel.arm(id, at: .never)
        #expect(wheel.nextExpiry == .never)
        wheel.arm(id, at: .init(nanoseconds: .max - 1))
        wheel.expire(now: .init(nanoseconds: 1 << 60), into: &fired)
        #expect(fired.isEmpty)
    }
}

/// Numbers that are the same in every run.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }
}
