import Foundation
import Reactor
import SharedState
import Testing

/// `Cases/decisions.txt`: dialogues with a limiter. A line `gcra 4/1s burst 1, 100/1h` begins one; `250ms take 2 -> …` is a step,
/// its time counted from midnight of some day, and what is behind the arrow is `describe` of the decision.
struct DecisionCase: CustomTestStringConvertible {
    enum Action: String { case take, peek }

    struct Step {
        let line: Int
        let time: UInt64
        let action: Action
        let cost: Int
        let expected: String
    }

    let title: String
    let windows: [RateWindow]
    let algorithm: RateAlgorithm
    var steps: [Step] = []

    var testDescription: String { title }

    static let all: [DecisionCase] = {
        let url = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Cases/decisions.txt")
        var cases: [DecisionCase] = []
        let lines = (try? String(contentsOf: url, encoding: .utf8))?.components(separatedBy: "\n") ?? []
        for (index, line) in lines.enumerated() where !line.isEmpty && !line.hasPrefix("#") {
            if let step = Step(line, index + 1) {
                cases[cases.count - 1].steps.append(step)
            } else {
                cases.append(DecisionCase(line))
            }
        }
        return cases
    }()

    private init(_ line: String) {
        title = line
        let words = line.split(separator: " ", maxSplits: 1)
        algorithm = RateAlgorithm(rawValue: String(words[0]))!
        windows = words[1].split(separator: ",").map { text in
            let parts = text.split(separator: " ")
            let rate = parts[0].split(separator: "/")
            return RateWindow(limit: Int(rate[0])!, period: duration(rate[1]), burst: parts.count > 1 ? Int(parts[2]) : nil)
        }
    }

    func describe(_ decision: RateDecision) -> String {
        var text = "\(decision.allowed ? "yes" : "no") remaining \(decision.remaining) reset \(render(decision.reset))"
        if !decision.allowed { text += " retry \(render(decision.retryAfter))" }
        if windows.count > 1 {
            text += " window \(decision.window)"
            let refusing = windows.indices.filter { decision.refusing >> UInt32($0) & 1 != 0 }
            if !refusing.isEmpty { text += " refusing \(refusing.map(String.init).joined(separator: ","))" }
        }
        return text
    }
}

extension DecisionCase.Step {
    fileprivate init?(_ text: String, _ line: Int) {
        let halves = text.components(separatedBy: " -> ")
        guard halves.count == 2 else { return nil }
        let words = halves[0].split(separator: " ")
        self.init(
            line: line, time: duration(words[0]), action: DecisionCase.Action(rawValue: String(words[1]))!, cost: Int(words[2])!,
            expected: halves[1])
    }
}

private let units: [(name: String, nanoseconds: UInt64)] = [
    ("ns", 1), ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000), ("h", 3_600_000_000_000),
]

private func duration(_ text: Substring) -> UInt64 {
    let unit = text.drop { $0.isNumber }
    return UInt64(text.dropLast(unit.count))! * units.first { $0.name == unit }!.nanoseconds
}

private func render(_ time: UInt64) -> String {
    if time == RateDecision.never { return "never" }
    let unit = units[0...2].last { time % $0.nanoseconds == 0 && time > 0 } ?? units[2]
    return "\(time / unit.nanoseconds)\(unit.name)"
}
