import Foundation

/// Route sets and requests as lines of files beside the tests; `Cases/README` explains the words.
enum CaseFile {
    struct Set {
        var name: String
        var rules: [String] = []
        /// Request and answer, with the number of the line.
        var requests: [(line: Int, request: String, answer: String)] = []
        var conflicts: [String]?
    }

    static func sets(_ name: String, file: String = #filePath) throws -> [Set] {
        let url = URL(fileURLWithPath: file).deletingLastPathComponent().appendingPathComponent("Cases/\(name)")
        var sets: [Set] = []
        let lines = try String(contentsOf: url, encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false)
        for (place, line) in lines.enumerated() {
            let text = line.trimmingCharacters(in: .whitespaces)
            if text.isEmpty || text.hasPrefix("#") { continue }
            if let name = text.removingPrefix("set ") {
                sets.append(Set(name: name))
            } else if let rule = text.removingPrefix("rule") {
                sets[sets.count - 1].rules.append(rule)
            } else if let pairs = text.removingPrefix("conflicts") {
                sets[sets.count - 1].conflicts = pairs.split(separator: " ").map(String.init)
            } else if let arrow = text.range(of: " -> ") {
                sets[sets.count - 1].requests.append((place + 1, String(text[..<arrow.lowerBound]), String(text[arrow.upperBound...])))
            } else {
                throw CaseError(description: "line \(place + 1) is neither a set, a rule nor a request: \(text)")
            }
        }
        return sets
    }

    /// Separated by tabs, comments after "# ".
    static func lines(_ name: String, file: String = #filePath) throws -> [[String]] {
        let url = URL(fileURLWithPath: file).deletingLastPathComponent().appendingPathComponent("Cases/\(name)")
        return try String(contentsOf: url, encoding: .utf8).split(separator: "\n").filter { !$0.hasPrefix("# ") }
            .map { $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init) }
    }
}

struct CaseError: Error, CustomStringConvertible {
    let description: String
}

extension String {
    func removingPrefix(_ prefix: String) -> String? { hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil }
}
