internal import Primitives

/// Pike's virtual machine: all threads advance together, one character at a time, so no input makes it go back.
extension LinearRegex.Scratch {
    /// Complexity: O(bytes of the input × instructions).
    mutating func run(_ regex: LinearRegex, _ input: ByteView, wantsCaptures: Bool) -> Bool {
        ranOut = false
        if regex.isAnchoredAtStart, !LinearRegex.isPrefix(regex.literalPrefix, of: input) { return false }
        let slots = wantsCaptures ? regex.program.slotCount : 0
        wasBacktracking = regex.program.instructions.count * (input.count + 1) <= backtrackingLimit
        return wasBacktracking ? backtracker.run(regex, input, slotCount: slots) : runThreads(regex, input, slots)
    }

    private mutating func runThreads(_ regex: LinearRegex, _ input: ByteView, _ slots: Int) -> Bool {
        let prefix = regex.literalPrefix
        let program = regex.program
        prepare(program, slots: slots)
        var position = 0
        var isMatched = false
        while true {
            if current.count == 0 {
                if isMatched || (regex.isAnchoredAtStart && position > 0) { return isMatched }
                // Nothing is under way: go straight to where a match can begin.
                if let first = prefix.first {
                    guard let start = input.firstIndex(of: first, from: position) else { return false }
                    position = start
                }
            }
            if !isMatched, !(regex.isAnchoredAtStart && position > 0) {
                for slot in 0..<slots { work.slots[slot] = -1 }
                let isDone = work.follow(0, program, into: &current, input, position, slots)
                if isDone, slots == 0 { return true }
            }
            let character = LinearRegex.decode(input, at: position)
            if step(program, character.scalar, input, position + character.width, slots) {
                if slots == 0 { return true }
                isMatched = true
            }
            swap(&current, &next)
            next.removeAll()
            if work.steps > stepLimit {
                ranOut = true
                return false
            }
            guard position < input.count else { return isMatched }
            position += character.width
        }
    }

    /// Advances every thread over `scalar`. True when a match was reached; threads of less preference are dropped then.
    private mutating func step(
        _ program: RegexProgram, _ scalar: UInt32, _ input: ByteView, _ position: Int, _ slots: Int
    ) -> Bool {
        var index = 0
        while index < current.count {
            let number = Int(current.dense[index])
            let instruction = program.instructions[number]
            index += 1
            let isTaken: Bool
            switch instruction.operation {
            case .character: isTaken = instruction.x == scalar
            case .set: isTaken = scalar != LinearRegex.endOfInput && program.takes(instruction, scalar)
            case .match:
                for slot in 0..<slots { best[slot] = current.slots[number * slots + slot] }
                return true
            default: continue
            }
            work.steps += 1
            guard isTaken else { continue }
            for slot in 0..<slots { work.slots[slot] = current.slots[number * slots + slot] }
            if work.follow(number + 1, program, into: &next, input, position, slots), slots == 0 { return true }
        }
        return false
    }
}
