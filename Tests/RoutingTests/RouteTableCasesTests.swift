import Primitives
import Routing
import Testing

@Suite struct RouteTableCasesTests {
    @Test func answersAsTheFilesSay() throws {
        var count = 0
        // One for all: what one match leaves behind must not show in the next.
        var captures = RouteCaptures()
        for set in try CaseFile.sets("matches.txt") {
            let rules = try set.rules.enumerated().map { try RouteRule(parsing: $1, index: $0) }
            let table = try RouteTable(rules)
            // The order in the file must not matter, but where the cases say it does.
            let reversed = set.name.contains("file order") ? nil : try RouteTable(rules.reversed())
            for (line, text, answer) in set.requests {
                count += 1
                let request = try TestRequest(parsing: text)
                #expect(Self.answer(table, request, answer, &captures) == answer, "line \(line), set \(set.name): \(text)")
                if let reversed {
                    #expect(Self.answer(reversed, request, answer, &captures) == answer, "line \(line), set \(set.name), reversed: \(text)")
                }
            }
        }
        #expect(count >= 120)
    }

    /// The answer, with as much of the captures as `wanted` asks for.
    private static func answer(_ table: RouteTable, _ request: TestRequest, _ wanted: String, _ captures: inout RouteCaptures) -> String {
        switch table.match(request, captures: &captures) {
        case .notFound: return "404"
        case .methodNotAllowed(let methods): return "405 \(methods.names.joined(separator: ","))"
        case .route(let index):
            let words = wanted.split(separator: " ").dropFirst().map { word in
                String(word.prefix { $0 != "=" })
            }
            let names = table.parameterNames(of: index)
            return ([String(index)] + words.map { "\($0)=\(capture($0, names, request.path, captures))" }).joined(separator: " ")
        }
    }

    private static func capture(_ word: String, _ names: [String], _ path: ByteView, _ captures: borrowing RouteCaptures) -> String {
        func text(_ range: Range<Int>?) -> String { range.map { path[$0].string } ?? "none" }
        if word == "start" { return String(captures.pathStart) }
        if word == "count" { return String(captures.parameterCount) }
        if word == "rest" { return text(captures.remainder) }
        if word.hasPrefix("$"), let group = Int(word.dropFirst()) {
            return group < captures.groups.count ? text(captures.groups[group]) : "none"
        }
        return names.firstIndex(of: word).map { text(captures.parameter($0)) } ?? "unknown"
    }

    @Test func findsConflictsAsTheFilesSay() throws {
        for set in try CaseFile.sets("conflicts.txt") {
            let rules = try set.rules.enumerated().map { try RouteRule(parsing: $1, index: $0) }
            var found: [String] = []
            do throws(RouteTableError) {
                _ = try RouteTable(rules)
            } catch {
                for problem in error.problems {
                    guard case .conflict(let first, let second, let message) = problem else { continue }
                    found.append("\(first)/\(second)")
                    #expect(message.contains("routes[\(first)]") && message.contains("routes[\(second)]"))
                }
            }
            #expect(found.sorted() == set.conflicts?.sorted(), "set \(set.name)")
        }
    }

    @Test func parsesPatternsAsTheFileSays() throws {
        for fields in try CaseFile.lines("patterns.txt") {
            try #require(fields.count == 3, "\(fields)")
            var result: String
            do throws(PatternError) {
                switch fields[0] {
                case "path": result = try PathPattern(parsing: fields[1]).description
                case "host": result = try HostPattern(parsing: fields[1]).description
                default: result = try PathPattern(regex: fields[1]).description
                }
            } catch {
                result = "error: \(error)"
            }
            let wanted = fields[2]
            let isFit = wanted.hasPrefix("error: ") ? result.hasPrefix("error: ") && result.contains(wanted.dropFirst(7)) : result == wanted
            #expect(isFit, "\(fields[0]) \(fields[1]): \(result), wanted \(wanted)")
        }
    }
}
