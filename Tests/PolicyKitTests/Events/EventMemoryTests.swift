import PolicyKit
import Testing

@Suite struct EventMemoryTests {
    @Test func eachThingIsNewOnceUntilItIsOver() {
        let memory = EventMemory()
        #expect(memory.isNew([1], 0, ends: 100, wall: 10))
        #expect(!memory.isNew([1], 0, ends: 100, wall: 99))
        #expect(memory.isNew([1], 1, ends: 100, wall: 99))
        #expect(memory.isNew([2], 0, ends: 100, wall: 99))
        #expect(memory.isNew([1], 0, ends: 200, wall: 100))
    }

    @Test func whatIsOverMakesRoom() {
        let memory = EventMemory(capacity: 2)
        #expect(memory.isNew([1], 0, ends: 100, wall: 0) && memory.isNew([2], 0, ends: 200, wall: 0))
        #expect(memory.isNew([3], 0, ends: 200, wall: 150))
        #expect(!memory.isNew([2], 0, ends: 200, wall: 150))
        // Nothing is over: it is better to tell again than to take more memory.
        #expect(memory.isNew([4], 0, ends: 200, wall: 150))
        #expect(memory.isNew([2], 0, ends: 200, wall: 150))
    }
}
