import Reactor
import Testing

@testable import SharedState

@Suite struct ElectionStateTests {
    private func at(_ milliseconds: Int) -> Instant { Instant(nanoseconds: .milliseconds(milliseconds)) }

    @Test func aLeaderRenews() {
        var state = ElectionState(lifetime: .milliseconds(900), now: at(0))
        #expect(state.due(at(0)) == .take)
        #expect(!state.leads(at(0)))
        state.took(number: 7, asked: at(0))
        #expect(state.leads(at(809)) && !state.leads(at(810)))
        #expect(state.number == 7 && state.deadline == at(300))
        #expect(state.due(at(299)) == nil)
        #expect(state.due(at(300)) == .extend)
        state.extended(asked: at(300))
        #expect(state.leads(at(1109)) && !state.leads(at(1110)))
    }

    /// A leader that can't reach the store stops by itself, before anybody else can begin.
    @Test func aLeaderThatIsCutOffStops() {
        var state = ElectionState(lifetime: .milliseconds(900), now: at(0))
        _ = state.due(at(0))
        state.took(number: 1, asked: at(0))
        #expect(state.due(at(300)) == .extend)
        #expect(state.due(at(600)) == .extend)
        #expect(state.leads(at(800)))
        #expect(state.due(at(810)) == nil)
        #expect(!state.leads(at(810)))
        #expect(state.due(at(900)) == .take)
        // An answer from before is too late.
        state.extended(asked: at(600))
        #expect(!state.leads(at(901)))
    }

    @Test func whoLosesTriesAgain() {
        var state = ElectionState(lifetime: .milliseconds(900), now: at(0))
        _ = state.due(at(0))
        #expect(state.deadline == at(300))
        #expect(state.due(at(300)) == .take)
        state.took(number: 2, asked: at(300))
        state.lost(at(400))
        #expect(!state.leads(at(401)) && state.deadline == at(700))
    }

    /// Candidates with clocks of their own, over a store that answers late or not at all: never two at a time, and numbers grow.
    @Test(arguments: 1...20) func neverTwo(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var value: (holder: Int, until: Int)?
        var number = 0, led: [Int] = []
        var states = (0..<5).map { _ in ElectionState(lifetime: .milliseconds(1000), now: at(0)) }
        var answers: [(time: Int, body: (inout [ElectionState]) -> Void)] = []
        for time in 0..<60_000 {
            for answer in answers where answer.time == time { answer.body(&states) }
            answers.removeAll { $0.time <= time }
            if let held = value, held.until <= time { value = nil }
            for index in states.indices {
                guard let action = states[index].due(at(time)) else { continue }
                let asked = at(time), arrival = time + Int.random(in: 1...200, using: &random)
                guard Int.random(in: 0..<10, using: &random) > 2 else { continue }
                // The store is asked now; its answer comes later.
                switch action {
                case .take:
                    guard value == nil else { continue }
                    value = (index, time + 1000)
                    number += 1
                    answers.append((arrival, { [number] in $0[index].took(number: number, asked: asked) }))
                case .extend:
                    let isMine = value?.holder == index
                    if isMine { value = (index, time + 1000) }
                    answers.append((arrival, { isMine ? $0[index].extended(asked: asked) : $0[index].lost(asked + .milliseconds(200)) }))
                }
            }
            let leaders = states.indices.filter { states[$0].leads(at(time)) }
            #expect(leaders.count <= 1)
            if let leader = leaders.first, states[leader].number != led.last { led.append(states[leader].number) }
        }
        #expect(led == led.sorted() && !led.isEmpty)
    }
}
