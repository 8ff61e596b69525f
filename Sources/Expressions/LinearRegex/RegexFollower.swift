internal import Primitives

/// Follows a thread through everything that consumes no input.
struct RegexFollower {
    /// What is still to be followed or restored; empty between calls.
    private var stack: [Frame] = []
    /// Positions that the thread being followed has noted; -1 for none.
    var slots: [Int32] = []
    var steps = 0

    private enum Frame {
        case follow(Int)
        case restore(slot: Int, value: Int32)
    }

    /// Adds the thread at `start`, and all it reaches without consuming anything, in order of preference. True when that
    /// includes a match.
    mutating func follow(
        _ start: Int, _ program: RegexProgram, into list: inout RegexThreads,
        _ input: ByteView, _ position: Int, _ slotCount: Int
    ) -> Bool {
        var isMatched = false
        stack.append(.follow(start))
        while let frame = stack.popLast() {
            guard case .follow(var number) = frame else {
                if case .restore(let slot, let value) = frame { slots[slot] = value }
                continue
            }
            path: while list.insert(number) {
                steps += 1
                let instruction = program.instructions[number]
                switch instruction.operation {
                case .jump: number = Int(instruction.x)
                case .split:
                    stack.append(.follow(Int(instruction.y)))
                    number = Int(instruction.x)
                case .save:
                    let slot = Int(instruction.x)
                    if slot < slotCount {
                        stack.append(.restore(slot: slot, value: slots[slot]))
                        slots[slot] = Int32(truncatingIfNeeded: position)
                    }
                    number += 1
                case .assertion:
                    guard LinearRegex.holds(instruction.x, input, position) else { break path }
                    number += 1
                case .match, .character, .set:
                    isMatched = isMatched || instruction.operation == .match
                    for slot in 0..<slotCount { list.slots[number * slotCount + slot] = slots[slot] }
                    break path
                }
            }
        }
        return isMatched
    }
}
