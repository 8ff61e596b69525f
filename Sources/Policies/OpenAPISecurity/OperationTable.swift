import Primitives

/// Finds the operation of a request by path and method. A path that is written out comes before one with parameters, and one whose
/// first parameter comes later before others (OpenAPI 3 §4.8.8.2: concrete paths first).
struct OperationTable: Sendable {
    private struct Path: Sendable {
        var segments: [Segment]
        var operations: [(method: [UInt8], place: Int)] = []

        func place(of method: ByteView) -> Int? { operations.first { $0.method.withView { $0 == method } }?.place }
    }

    fileprivate enum Segment: Equatable, Sendable {
        case literal([UInt8])
        /// `{id}`, with what stands before and behind it: `{id}.json`.
        case parameter(before: [UInt8], behind: [UInt8])
    }

    /// By the number of segments, the most concrete first.
    private var paths: [Int: [Path]] = [:]

    var isEmpty: Bool { paths.isEmpty }

    mutating func add(_ template: String, _ method: String, _ place: Int) throws(OpenAPIError) {
        var segments: [Segment] = []
        for text in template.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            guard let segment = Segment(text) else { throw OpenAPIError("the path `\(template)` has parameters that can't be told apart") }
            segments.append(segment)
        }
        var same = paths[segments.count] ?? []
        if let known = same.firstIndex(where: { $0.segments == segments }) {
            same[known].operations.append((Array(method.utf8), place))
        } else {
            same.append(Path(segments: segments, operations: [(Array(method.utf8), place)]))
            same.sort { OperationTable.isMoreConcrete($0.segments, $1.segments) }
        }
        paths[segments.count] = same
    }

    private static func isMoreConcrete(_ a: [Segment], _ b: [Segment]) -> Bool {
        for (a, b) in zip(a, b) where a.rank != b.rank { return a.rank < b.rank }
        return false
    }

    /// HEAD is what GET is, where nothing is said of it.
    ///
    /// - Parameter path: in its normal form.
    func find(_ path: ByteView, _ method: ByteView) -> Int? {
        guard path.count > 0, path[0] == UInt8(ascii: "/"), let candidates = paths[OperationTable.count(path)] else { return nil }
        for candidate in candidates where OperationTable.matches(candidate.segments, path) {
            // Of the operations of a concrete path none is meant that stands at another one.
            return candidate.place(of: method) ?? (method == ByteView("HEAD") ? candidate.place(of: ByteView("GET")) : nil)
        }
        return nil
    }

    private static func count(_ path: ByteView) -> Int {
        var count = 0
        for i in 0..<path.count where path[i] == UInt8(ascii: "/") { count += 1 }
        return count
    }

    private static func matches(_ segments: [Segment], _ path: ByteView) -> Bool {
        var start = 1
        for segment in segments {
            let end = path.firstIndex(of: UInt8(ascii: "/"), from: start) ?? path.count
            guard segment.matches(path[min(start, path.count)..<max(end, min(start, path.count))]) else { return false }
            start = end + 1
        }
        return true
    }
}

extension OperationTable.Segment {
    /// Nil for more than one parameter, and for braces that don't match.
    fileprivate init?(_ text: Substring) {
        guard let open = text.firstIndex(of: "{") else {
            guard !text.contains("}") else { return nil }
            self = .literal(Array(text.utf8))
            return
        }
        guard let close = text[open...].firstIndex(of: "}") else { return nil }
        let behind = text[text.index(after: close)...]
        guard !behind.contains("{"), !behind.contains("}"), !text[..<open].contains("}") else { return nil }
        self = .parameter(before: Array(text[..<open].utf8), behind: Array(behind.utf8))
    }

    fileprivate var rank: Int {
        switch self {
        case .literal: 0
        // The more is written out, the more concrete.
        case .parameter(let before, let behind): before.isEmpty && behind.isEmpty ? 2 : 1
        }
    }

    fileprivate func matches(_ text: ByteView) -> Bool {
        switch self {
        case .literal(let literal): return literal.withView { $0 == text }
        case .parameter(let before, let behind):
            guard text.count > before.count + behind.count else { return false }
            return before.withView { text.prefix(before.count) == $0 } && behind.withView { text.dropFirst(text.count - behind.count) == $0 }
        }
    }
}
