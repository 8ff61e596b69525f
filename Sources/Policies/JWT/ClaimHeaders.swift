import GatewayCore
import PolicyKit
import Primitives
import Schema

/// Header fields that tell the upstream what a token says, whatever the client itself has put there.
struct ClaimHeaders: Sendable {
    private struct Entry: Sendable {
        let known: KnownField
        let name: [UInt8]
        let claim: String
    }

    /// The values of one token: composed when it is verified, copied with each request.
    struct Values: Sendable {
        fileprivate let values: [[UInt8]?]
    }

    private let entries: [Entry]

    init(_ map: OrderedMap<String>) throws(PolicyError) {
        var entries: [Entry] = []
        for entry in map.entries {
            let path = "claimsToHeaders.\(entry.key)"
            let name = Array(entry.key.lowercased().utf8)
            try FieldTemplate.check(entry.key, name, entry.position, path)
            let known = name.withView { KnownField.named($0) }
            guard known != .host, known != .authorization else {
                throw PolicyError("`\(entry.key)` has a meaning of its own", at: entry.position, path: path)
            }
            entries.append(Entry(known: known, name: name, claim: entry.value))
        }
        self.entries = entries
    }

    func values(of claims: JSONObject) -> Values {
        Values(values: entries.map { ClaimPath.find($0.claim, in: claims).flatMap { ClaimHeaders.text($0) } })
    }

    func write(_ values: Values, to fields: HeaderFields) {
        for (entry, value) in zip(entries, values.values) {
            entry.name.withView { name in
                fields.remove(named: name)
                value?.withView { fields.append(entry.known, name: name, $0) }
            }
        }
    }

    /// What nobody has said must not seem to be said.
    func remove(from fields: HeaderFields) {
        for entry in entries { entry.name.withView { fields.remove(named: $0) } }
    }

    /// Texts and numbers as they are, lists of them separated by commas, everything else as JSON. Nil for null and for what no field may
    /// hold: it is left out rather than changed.
    private static func text(_ value: JSON) -> [UInt8]? {
        let bytes: [UInt8]
        switch value {
        case .null: return nil
        case .string(let text): bytes = Array(text.utf8)
        case .array(let list):
            let parts = list.map { element in element.string.map { Array($0.utf8) } ?? element.bytes }
            // An element with a comma would be two.
            guard parts.allSatisfy({ !$0.contains(UInt8(ascii: ",")) }) else { return nil }
            bytes = Array(parts.joined(separator: [UInt8(ascii: ",")]))
        case .bool, .number, .object: bytes = value.bytes
        }
        guard bytes.count <= 8192, bytes.allSatisfy(ASCII.isFieldValue), bytes.first != 0x20, bytes.last != 0x20 else { return nil }
        return bytes
    }
}

enum ClaimPath {
    /// The claim of that name; if there is none, the one that the dots lead to: `realm_access.roles`.
    static func find(_ path: String, in claims: JSONObject) -> JSON? {
        if let value = claims[path] { return value }
        var object = claims
        let names = path.split(separator: ".").map { String($0) }
        guard names.count > 1, let last = names.last else { return nil }
        for name in names.dropLast() {
            guard let next = object[name]?.object else { return nil }
            object = next
        }
        return object[last]
    }
}
