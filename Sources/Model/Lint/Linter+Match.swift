import Primitives
import Schema

extension Linter {
    /// What templates of a route may use.
    struct Captures {
        var names: [String] = []
        var groups = 0
        var hasRest = false

        func has(_ piece: Template.Piece) -> Bool {
            switch piece {
            case .literal: true
            case .parameter(let name): names.contains(name)
            case .rest: hasRest
            case .group(let number): number <= groups
            }
        }
    }

    /// Checks the conditions; answers what they capture.
    mutating func checkMatch(_ match: RouteMatch, _ path: @autoclosure () -> String) -> Captures {
        var captures = Captures()
        switch (match.path, match.pathRegex) {
        case (nil, nil) where match.grpc != nil: captures.hasRest = match.grpc?.method == nil
        case (nil, nil):
            error(match.origin.position, path(), "`path`, `pathRegex` or `grpc` is needed", remedy: "`path: \"/*\"` matches every path")
        case (.some, .some):
            error(match.$pathRegex.position, "\(path()).pathRegex", "`path` is given too", remedy: "keep one of them")
        case (let pattern?, nil):
            if !pattern.isExact { captures = Captures(names: pattern.parameters, hasRest: pattern.isPrefix) }
        case (nil, let pattern?):
            if let facts = check(regex: pattern, at: match.$pathRegex.position, isSecret: match.$pathRegex.isSecret, "\(path()).pathRegex") {
                captures = Captures(names: facts.names, groups: facts.groups)
            }
        }
        if let grpc = match.grpc { check(grpc, in: match, "\(path()).grpc") }
        for entry in match.headers.entries {
            if !isFieldName(entry.key) {
                error(entry.position, "\(path()).headers.\(entry.key)", "`\(entry.key)` can't be the name of a header")
            }
            check(entry.value, entry.position, "\(path()).headers.\(entry.key)")
        }
        for entry in match.query.entries { check(entry.value, entry.position, "\(path()).query.\(entry.key)") }
        return captures
    }

    private mutating func check(_ grpc: GRPCMatch, in match: RouteMatch, _ path: String) {
        if match.path != nil || match.pathRegex != nil {
            error(match.$grpc.position, path, "a path is given too", remedy: "keep one of them: `grpc` stands for the path \(grpc.path)")
        }
        if match.$methods.isGiven {
            warning(match.$methods.position, path, "`methods` has no effect with `grpc`: calls are POST")
        }
        if !GRPCMatch.isName(grpc.service) {
            error(
                grpc.$service.position, "\(path).service", "\(grpc.$service.shown) can't be the name of a service",
                remedy: "such as `orders.v1.Orders`")
        }
        if let method = grpc.method, !GRPCMatch.isName(method) || method.contains(".") {
            error(grpc.$method.position, "\(path).method", "\(grpc.$method.shown) can't be the name of a method", remedy: "such as `Get`")
        }
    }

    private mutating func check(_ value: ValueMatch, _ position: SourcePosition, _ path: @autoclosure () -> String) {
        guard case .regex(let pattern) = value else { return }
        _ = check(regex: pattern, at: position, isSecret: true, path())
    }

    private mutating func check(
        regex pattern: String, at position: SourcePosition, isSecret: Bool, _ path: @autoclosure () -> String
    ) -> RegexFacts? {
        switch regex(pattern) {
        case .success(let facts): return facts
        case .failure(let flaw):
            error(
                position, path(),
                isSecret ? "not a regular expression: \(flaw.message)" : "\"\(pattern)\" is not a regular expression: \(flaw.message)")
            return nil
        }
    }

    /// A token (RFC 9110 §5.1).
    func isFieldName(_ name: String) -> Bool { !name.isEmpty && name.utf8.allSatisfy(ASCII.isToken) }
}
