internal import Expressions
internal import Primitives

/// One rule against one request, step by step and without the table: what `explain` reports.
extension RouteRule {
    func fitsHost(_ host: ByteView) -> Bool {
        hosts.isEmpty
            || hosts.contains { pattern in
                switch pattern {
                case .any: true
                case .exact(let name): name.withView { $0 == host }
                case .wildcard(let suffix):
                    "." + suffix == String(decoding: host.array.suffix(suffix.utf8.count + 1), as: UTF8.self)
                        && host.count > suffix.utf8.count + 1
                }
            }
    }

    func fitsPath(_ path: ByteView, scratch: inout LinearRegex.Scratch) -> Bool {
        let text = path.string
        guard text.hasPrefix("/") else {
            if case .any = self.path { return basePath.isEmpty || basePath == "/" }
            return false
        }
        guard let base = try? PathText.normaliseBase(basePath), text == base || text.hasPrefix(base + "/") else { return false }
        let own = text == base ? "/" : String(text.dropFirst(base.count))
        switch self.path {
        case .any: return true
        case .exact(let literal): return own == literal
        case .template(let pattern):
            let segments = PathText.segments(own)
            return segments.count == pattern.count && RouteRule.fits(pattern, segments)
        case .prefix(let pattern, _):
            let segments = PathText.segments(own)
            return segments.count > pattern.count && RouteRule.fits(pattern, segments)
        case .regex(let regex): return own.withView { regex.matches($0, scratch: &scratch) }
        }
    }

    private static func fits(_ pattern: [PathPattern.Segment], _ segments: [Substring]) -> Bool {
        zip(pattern, segments).allSatisfy { part, segment in
            switch part {
            case .literal(let text): text == segment
            case .parameter: !segment.isEmpty
            }
        }
    }

    /// Base path and pattern as one text.
    var wholePath: String {
        if case .regex = path { return basePath.isEmpty ? path.description : "\(basePath), then \(path)" }
        if case .any = path { return basePath.isEmpty ? path.description : "\(basePath) and everything below it" }
        return (basePath == "/" ? "" : basePath) + path.description
    }
}
