import GatewayCore
import PolicyKit
import Primitives
import Schema

/// Edits of header fields with everything prepared.
struct HeaderEdits: Sendable {
    private enum Removal: Sendable {
        case one([UInt8])
        case prefix([UInt8])
    }

    private var removals: [Removal] = []
    private var sets: [FieldTemplate] = []
    private var adds: [FieldTemplate] = []

    var isEmpty: Bool { removals.isEmpty && sets.isEmpty && adds.isEmpty }

    init(_ edits: Headers.Edits, _ path: String, _ context: PolicyContext, isResponse: Bool) throws(PolicyError) {
        for name in edits.remove {
            let isPrefix = name.hasSuffix("*")
            let bytes = Array(name.lowercased().utf8.dropLast(isPrefix ? 1 : 0))
            try FieldTemplate.check(name, bytes, edits.$remove.position, "\(path).remove")
            removals.append(isPrefix ? .prefix(bytes) : .one(bytes))
        }
        for entry in edits.set.entries {
            sets.append(try FieldTemplate(entry, "\(path).set.\(entry.key)", context, isResponseKnown: isResponse))
        }
        for entry in edits.add.entries {
            adds.append(try FieldTemplate(entry, "\(path).add.\(entry.key)", context, isResponseKnown: isResponse))
        }
    }

    func apply(_ exchange: Exchange, to fields: HeaderFields) {
        for removal in removals {
            switch removal {
            case .one(let name): name.withView { fields.remove(named: $0) }
            case .prefix(let prefix): prefix.withView { fields.remove(namesBeginning: $0) }
            }
        }
        for field in sets { field.write(exchange, to: fields, replacing: true) }
        for field in adds { field.write(exchange, to: fields, replacing: false) }
    }
}
