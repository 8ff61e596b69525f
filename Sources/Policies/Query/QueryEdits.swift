import GatewayCore
import Model
import PolicyKit
import Primitives
import Schema

/// Edits of a query with everything prepared. In this order: keep, remove, rename, set, add.
struct QueryEdits: Sendable {
    /// A name, decoded, or the beginning of names.
    private struct Name: Sendable {
        let bytes: [UInt8]
        let isPrefix: Bool

        /// `utm_*` stands for all names that begin so.
        init(pattern text: String) {
            isPrefix = text.hasSuffix("*")
            bytes = Array(text.utf8.dropLast(isPrefix ? 1 : 0))
        }

        init(exactly text: String) {
            isPrefix = false
            bytes = Array(text.utf8)
        }

        func matches(_ name: ByteView) -> Bool {
            bytes.withView { QueryString.prefix(of: name, decodingTo: $0) }.map { isPrefix || $0 == name.count } ?? false
        }
    }

    private struct Write: Sendable {
        let name: [UInt8]
        let value: PolicyTemplate
    }

    private let keeps: [Name]?
    private let removes: [Name]
    private let renames: [(old: Name, new: [UInt8])]
    /// Parameters that are set win over those that were renamed to the same name.
    private let replaced: [Name]
    private let writes: [Write]

    var isEmpty: Bool { keeps == nil && removes.isEmpty && renames.isEmpty && writes.isEmpty }

    init(_ config: Query.Config, _ context: PolicyContext) throws(PolicyError) {
        for (path, names, position) in [
            ("keep", config.keep ?? [], config.$keep.position), ("remove", config.remove, config.$remove.position),
        ] {
            for name in names where name.dropLast().contains("*") {
                throw PolicyError("`\(name)`: a `*` stands for the end of a name only", at: position, path: path)
            }
        }
        for entry in config.rename.entries where entry.key.isEmpty || entry.value.isEmpty {
            throw PolicyError("a parameter must have a name", at: entry.position, path: "rename")
        }
        keeps = config.keep.map { $0.map(Name.init(pattern:)) }
        removes = config.remove.map(Name.init(pattern:))
        renames = config.rename.entries.map { (Name(exactly: $0.key), QueryEdits.encoded($0.value)) }
        replaced = config.set.entries.map { Name(exactly: $0.key) }
        var writes: [Write] = []
        for (list, entries) in [("set", config.set), ("add", config.add)] {
            for entry in entries.entries {
                guard !entry.key.isEmpty else { throw PolicyError("a parameter must have a name", at: entry.position, path: list) }
                let value = try context.compile(entry.value, "\(list).\(entry.key)")
                writes.append(Write(name: QueryEdits.encoded(entry.key), value: value))
            }
        }
        self.writes = writes
    }

    private static func encoded(_ text: String) -> [UInt8] {
        let out = ByteBuffer()
        out.append(text: text)
        out.percentEncode(from: 0)
        return out.view.array
    }

    /// Appends the edited query to `out`. False: there is nothing to change.
    func write(_ exchange: Exchange, to out: ByteBuffer) -> Bool {
        var isChanged = false
        if let query = exchange.request.query {
            var isFirst = true
            QueryString.forEachPiece(query) { pair in
                let name = pair.prefix(pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.count)
                let new = pair.isEmpty ? nil : renames.first { $0.old.matches(name) }?.new
                isChanged = isChanged || new != nil
                guard pair.isEmpty ? keeps == nil : stays(name, renamedTo: new) else {
                    isChanged = true
                    return true
                }
                if !isFirst { out.append("&") }
                isFirst = false
                if let new { new.withView { out.append($0) } } else { out.append(name) }
                out.append(pair.dropFirst(name.count))
                return true
            }
        }
        for write in writes {
            if !out.isEmpty { out.append("&") }
            write.name.withView { out.append($0) }
            out.append("=")
            write.value.render(exchange, to: out, for: .queryValue)
        }
        return isChanged || !writes.isEmpty
    }

    private func stays(_ name: ByteView, renamedTo new: [UInt8]?) -> Bool {
        if let keeps, !keeps.contains(where: { $0.matches(name) }) { return false }
        if removes.contains(where: { $0.matches(name) }) { return false }
        guard let new else { return !replaced.contains { $0.matches(name) } }
        return !new.withView { new in replaced.contains { $0.matches(new) } }
    }
}
