/// Instructions of the virtual machine in one flat array.
struct RegexProgram: Sendable {
    struct Instruction: Sendable {
        var operation: Operation
        /// The character, the set, the slot, the assertion, or the first target.
        var x: UInt32 = 0
        /// The second, less preferred target of a split.
        var y: UInt32 = 0
    }

    enum Operation: UInt8, Sendable {
        /// Consumes exactly the character `x`, or one of `sets[x]`, and goes on with the next instruction.
        case character, set
        /// Goes on at `x`; a split also at `y`, with less preference.
        case jump, split
        /// Notes the position in slot `x`: 2n is the start of group n, 2n+1 its end.
        case save
        case assertion
        case match
    }

    /// Membership of ASCII in two words, of the rest by bisection in `ranges`.
    struct CharacterSet: Sendable {
        var low: UInt64 = 0, high: UInt64 = 0
        var firstRange: Int, endRange: Int
    }

    struct ScalarRange: Sendable {
        var first: UInt32, last: UInt32
    }

    var instructions: [Instruction] = []
    var sets: [CharacterSet] = []
    var ranges: [ScalarRange] = []
    var slotCount = 2

    /// Whether an instruction that consumes takes `scalar`.
    func takes(_ instruction: Instruction, _ scalar: UInt32) -> Bool {
        instruction.operation == .character ? instruction.x == scalar : contains(Int(instruction.x), scalar)
    }

    func contains(_ set: Int, _ scalar: UInt32) -> Bool {
        let members = sets[set]
        if scalar < 64 { return members.low >> UInt64(scalar) & 1 != 0 }
        if scalar < 128 { return members.high >> UInt64(scalar - 64) & 1 != 0 }
        var low = members.firstRange, high = members.endRange
        while low < high {
            let middle = (low + high) / 2
            let range = ranges[middle]
            if scalar < range.first {
                high = middle
            } else if scalar > range.last {
                low = middle + 1
            } else {
                return true
            }
        }
        return false
    }
}
