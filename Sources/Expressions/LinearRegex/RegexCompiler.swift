/// Turns a syntax tree into a program (Thompson's construction).
struct RegexCompiler {
    typealias SyntaxError = LinearRegex.SyntaxError

    private let patternLength: Int
    private var program = RegexProgram()
    private var setNumbers: [ScalarSet: UInt32] = [:]
    /// Nodes compiled so far: bounds the time of repetitions of what emits nothing.
    private var work = 0

    init(pattern: String) { patternLength = pattern.utf8.count }

    mutating func compile(_ tree: RegexNode) throws(SyntaxError) -> RegexProgram {
        try emit(.save, 0)
        try visit(tree)
        try emit(.save, 1)
        try emit(.match)
        return program
    }

    private var next: UInt32 { UInt32(program.instructions.count) }

    private func tooLarge() -> SyntaxError {
        SyntaxError(
            offset: patternLength,
            message: "the pattern needs more than \(LinearRegex.programLimit) instructions; use smaller counts in {…}, or split it")
    }

    @discardableResult
    private mutating func emit(
        _ operation: RegexProgram.Operation, _ x: UInt32 = 0, _ y: UInt32 = 0
    ) throws(SyntaxError) -> Int {
        guard program.instructions.count < LinearRegex.programLimit else { throw tooLarge() }
        program.instructions.append(.init(operation: operation, x: x, y: y))
        return program.instructions.count - 1
    }

    private mutating func visit(_ node: RegexNode) throws(SyntaxError) {
        work += 1
        guard work <= 10 * LinearRegex.programLimit else { throw tooLarge() }
        switch node {
        case .empty: break
        case .character(let value): try emit(.character, value)
        case .set(let set): try emit(.set, number(of: set))
        case .assertion(let kind): try emit(.assertion, UInt32(kind.rawValue))
        case .concatenation(let parts): for part in parts { try visit(part) }
        case .alternation(let branches): try visitAlternation(branches)
        case .group(let index, let body):
            program.slotCount = max(program.slotCount, 2 * index + 2)
            try emit(.save, UInt32(2 * index))
            try visit(body)
            try emit(.save, UInt32(2 * index + 1))
        case .repetition(let body, let minimum, let maximum, let isGreedy):
            try visitRepetition(body, minimum, maximum, isGreedy)
        }
    }

    private mutating func visitAlternation(_ branches: [RegexNode]) throws(SyntaxError) {
        var exits: [Int] = []
        for (position, branch) in branches.enumerated() {
            guard position < branches.count - 1 else {
                try visit(branch)
                break
            }
            let split = try emit(.split)
            program.instructions[split].x = next
            try visit(branch)
            exits.append(try emit(.jump))
            program.instructions[split].y = next
        }
        for exit in exits { program.instructions[exit].x = next }
    }

    private mutating func visitRepetition(
        _ body: RegexNode, _ minimum: Int, _ maximum: Int?, _ isGreedy: Bool
    ) throws(SyntaxError) {
        guard let maximum else {
            for _ in 0..<max(0, minimum - 1) { try visit(body) }
            if minimum == 0 { return try visitStar(body, isGreedy) }
            return try visitPlus(body, isGreedy)
        }
        for _ in 0..<minimum { try visit(body) }
        var splits: [Int] = []
        for _ in minimum..<maximum {
            splits.append(try emit(.split))
            let start = next
            try visit(body)
            aim(splits[splits.count - 1], start, isGreedy: isGreedy, isPreferred: true)
        }
        for split in splits { aim(split, next, isGreedy: isGreedy, isPreferred: false) }
    }

    /// A body that can be empty becomes `(?:body+)?`: a plain loop would come back to its own start without having consumed
    /// anything, die there as already seen, and lose the preference of the empty iteration.
    private mutating func visitStar(_ body: RegexNode, _ isGreedy: Bool) throws(SyntaxError) {
        let split = try emit(.split)
        let start = next
        if body.isNullable {
            try visitPlus(body, isGreedy)
        } else {
            try visit(body)
            try emit(.jump, UInt32(split))
        }
        aim(split, start, isGreedy: isGreedy, isPreferred: true)
        aim(split, next, isGreedy: isGreedy, isPreferred: false)
    }

    private mutating func visitPlus(_ body: RegexNode, _ isGreedy: Bool) throws(SyntaxError) {
        let start = next
        try visit(body)
        let split = try emit(.split)
        aim(split, start, isGreedy: isGreedy, isPreferred: true)
        aim(split, next, isGreedy: isGreedy, isPreferred: false)
    }

    /// Sets the target of `split` that goes on repeating (`isPreferred` when greedy), or the one that leaves.
    private mutating func aim(_ split: Int, _ target: UInt32, isGreedy: Bool, isPreferred: Bool) {
        if isGreedy == isPreferred {
            program.instructions[split].x = target
        } else {
            program.instructions[split].y = target
        }
    }

    private mutating func number(of set: ScalarSet) -> UInt32 {
        if let known = setNumbers[set] { return known }
        var compiled = RegexProgram.CharacterSet(firstRange: program.ranges.count, endRange: 0)
        for range in set.ranges {
            for scalar in range.lowerBound...max(range.lowerBound, min(range.upperBound, 127)) where scalar < 128 {
                if scalar < 64 { compiled.low |= 1 << UInt64(scalar) } else { compiled.high |= 1 << UInt64(scalar - 64) }
            }
            if range.upperBound >= 128 {
                program.ranges.append(.init(first: max(128, range.lowerBound), last: range.upperBound))
            }
        }
        compiled.endRange = program.ranges.count
        program.sets.append(compiled)
        let number = UInt32(program.sets.count - 1)
        setNumbers[set] = number
        return number
    }
}
