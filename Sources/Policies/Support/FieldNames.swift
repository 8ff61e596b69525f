import GatewayCore
import PolicyKit
import Primitives
import Schema

/// Names of header fields as settings list them: whole ones, and beginnings with `*` behind them.
struct FieldNames: Sendable {
    private var whole: Set<String> = []
    private var beginnings: [String] = []

    var isEmpty: Bool { whole.isEmpty && beginnings.isEmpty }

    /// - Parameter path: the setting, for messages.
    init(_ names: [String], at position: SourcePosition, _ path: String) throws(PolicyError) {
        for name in names {
            let isBeginning = name.hasSuffix("*")
            let text = String(name.lowercased().dropLast(isBeginning ? 1 : 0))
            try FieldTemplate.check(name, Array(text.utf8), position, path)
            if isBeginning { beginnings.append(text) } else { whole.insert(text) }
        }
    }

    /// - Parameter name: in lower case.
    func contains(_ name: String) -> Bool { whole.contains(name) || beginnings.contains { name.hasPrefix($0) } }

    func remove(from fields: HeaderFields) {
        for name in whole { name.withView { fields.remove(named: $0) } }
        for name in beginnings { name.withView { fields.remove(namesBeginning: $0) } }
    }
}

/// Fields of a message, to be sent on: names in lower case.
typealias FieldList = [(name: String, value: String)]

extension HeaderFields {
    /// What a request says to whoever is asked about it: without what belongs to its connection, frames it, or says whom a proxy
    /// has it from, which the gateway says itself.
    func forAsking(_ isWanted: (String) -> Bool) -> FieldList {
        var list: FieldList = []
        var hops: Set<String> = []
        forEach(named: ByteView("connection")) { value in
            value.forEachListElement {
                hops.insert($0.string.lowercased())
                return true
            }
            return true
        }
        for i in 0..<count where !isRemoved(at: i) {
            let known = known(at: i)
            switch known {
            case .host, .contentLength, .expect, .trailer: continue
            default: if known.isHopByHop || known.isForwarding { continue }
            }
            let name = name(at: i).string.lowercased()
            if isWanted(name), !hops.contains(name) { list.append((name, value(at: i).string)) }
        }
        return list
    }

    /// Puts fields of a service's response behind those that there are; what a field can't hold is left out.
    func append(_ list: FieldList) {
        for (name, value) in list where value.utf8.allSatisfy(ASCII.isFieldValue) { append(name, value) }
    }
}

extension FetchResponse {
    /// The response's fields, but for those that belong to its connection or frame it.
    func fields(_ isWanted: (String) -> Bool) -> FieldList {
        headers.compactMap { field in
            let name = field.name.lowercased()
            let known = name.withView { KnownField.named($0) }
            guard !known.isHopByHop, known != .contentLength, known != .trailer, isWanted(name) else { return nil }
            return (name, field.value)
        }
    }
}
