import Identity
import Testing

@Suite("What is accepted once")
struct ReplayWindowTests {
    static func mark(_ number: Int) -> [UInt8] { (0..<32).map { UInt8(truncatingIfNeeded: number &* 31 &+ $0) } }

    @Test("nothing is accepted again within its lifetime, whenever it came")
    func lifetime() {
        for start in 0..<25 {
            var window = ReplayWindow(lifetime: 10, most: 100)
            #expect(window.admit(Self.mark(0), now: 1000) == .new)
            for second in 0..<start { _ = window.admit(Self.mark(100 + second), now: 1000 + Int64(second)) }
            let now = 1000 + Int64(start)
            #expect(window.admit(Self.mark(1), now: now) == .new)
            for later in 0...10 { #expect(window.admit(Self.mark(1), now: now + Int64(later)) == .seen, "from \(start), \(later) later") }
        }
    }

    @Test("what is long over is forgotten")
    func forgetting() {
        var window = ReplayWindow(lifetime: 10, most: 2)
        #expect(window.admit(Self.mark(1), now: 1000) == .new && window.admit(Self.mark(2), now: 1000) == .new)
        #expect(window.admit(Self.mark(1), now: 1020) == .new)
    }

    @Test("more than can be remembered is not accepted")
    func fullness() {
        var window = ReplayWindow(lifetime: 10, most: 2)
        #expect(window.admit(Self.mark(1), now: 1000) == .new && window.admit(Self.mark(2), now: 1001) == .new)
        #expect(window.admit(Self.mark(3), now: 1002) == .full && window.admit(Self.mark(1), now: 1002) == .seen)
        #expect(window.admit(Self.mark(3), now: 1010) == .new)
    }

    @Test("a clock that is set back forgets nothing")
    func clock() {
        var window = ReplayWindow(lifetime: 10, most: 10)
        #expect(window.admit(Self.mark(1), now: 1000) == .new && window.admit(Self.mark(1), now: 500) == .seen)
        #expect(window.admit(Self.mark(1), now: .min) == .seen && window.admit(Self.mark(2), now: .max) == .new)
    }

    @Test("marks shorter than sixteen bytes are told apart as well")
    func short() {
        var window = ReplayWindow(lifetime: 10, most: 10)
        #expect(
            window.admit([1], now: 0) == .new && window.admit([2], now: 0) == .new && window.admit([], now: 0) == .new
                && window.admit([1], now: 0) == .seen)
    }
}
