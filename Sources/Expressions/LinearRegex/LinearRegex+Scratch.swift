extension LinearRegex {
    /// The memory that matching needs: grows to the largest program it has seen, then is reused. One per event loop.
    package struct Scratch {
        var current = RegexThreads()
        var next = RegexThreads()
        var work = RegexFollower()
        var backtracker = RegexBacktracker()
        /// The last run left its captures in `backtracker`, not in `best`.
        var wasBacktracking = false
        /// Most pairs of instruction and position for which backtracking with a memo is used; beyond it, Pike's machine. Tests set 0.
        package var backtrackingLimit = 32_768
        /// What the best match so far has noted.
        var best: [Int32] = []
        /// Instructions executed since the value was made or `resetSteps` called: tests bound it in place of the clock.
        package var steps: Int { work.steps + backtracker.steps }
        /// Where the machine gives up, looked at once a character; the backtracker has a limit of its own.
        package var stepLimit = Int.max
        /// The last run gave up: there was no answer.
        package internal(set) var ranOut = false

        package init() {}

        package mutating func resetSteps() {
            work.steps = 0
            backtracker.steps = 0
        }

        mutating func prepare(_ program: RegexProgram, slots: Int) {
            current.prepare(program.instructions.count, slots: slots)
            next.prepare(program.instructions.count, slots: slots)
            if best.count < slots {
                best = Array(repeating: -1, count: slots)
                work.slots = best
            }
        }

        func group(_ index: Int) -> Range<Int>? {
            let slots = wasBacktracking ? backtracker.slots : best
            let start = slots[2 * index], end = slots[2 * index + 1]
            return start >= 0 && end >= start ? Int(start)..<Int(end) : nil
        }
    }
}

/// Threads in order of preference: a sparse set of instruction numbers (P. Briggs, L. Torczon, 1993), cleared in O(1),
/// and what each thread has captured.
struct RegexThreads {
    private(set) var dense: [UInt32] = []
    private var sparse: [UInt32] = []
    private(set) var count = 0
    var slots: [Int32] = []

    mutating func prepare(_ instructions: Int, slots slotCount: Int) {
        count = 0
        if dense.count < instructions {
            dense = Array(repeating: 0, count: instructions)
            sparse = dense
        }
        if slots.count < instructions * slotCount { slots = Array(repeating: -1, count: instructions * slotCount) }
    }

    mutating func removeAll() { count = 0 }

    /// False if it is there already.
    mutating func insert(_ instruction: Int) -> Bool {
        let place = Int(sparse[instruction])
        if place < count, dense[place] == UInt32(instruction) { return false }
        dense[count] = UInt32(instruction)
        sparse[instruction] = UInt32(count)
        count += 1
        return true
    }
}
