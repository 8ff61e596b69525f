import Primitives

/// A key as a JSON document (RFC 7517 §4).
package struct JSONWebKey: Sendable, Equatable {
    package var material: KeyMaterial
    /// What a token says to be signed with it.
    package var kid: String?
    /// `sig` or `enc`; nil: both.
    package var use: String?
    /// `key_ops`; nil: all.
    package var operations: [String]?
    /// The one algorithm that it is for (`alg`).
    package var algorithm: String?

    package init(_ material: KeyMaterial, kid: String? = nil, use: String? = nil, operations: [String]? = nil, algorithm: String? = nil) {
        self.material = material
        self.kid = kid
        self.use = use
        self.operations = operations
        self.algorithm = algorithm
    }

    /// What may be published of it; nil for a secret.
    package var publicKey: JSONWebKey? {
        material.publicPart.map {
            // Whoever has the public half verifies and encrypts.
            JSONWebKey($0, kid: kid, use: use, operations: operations.map { $0.compactMap(JSONWebKey.counterpart) }, algorithm: algorithm)
        }
    }

    private static func counterpart(_ operation: String) -> String? {
        switch operation {
        case "sign", "verify": "verify"
        case "decrypt", "encrypt": "encrypt"
        case "unwrapKey", "wrapKey": "wrapKey"
        default: nil
        }
    }

    /// Whether its `use` and `key_ops` allow this; `any` of the operations does.
    package func allows(use wanted: String, any wantedOperations: [String]) -> Bool {
        (use ?? wanted) == wanted && (operations.map { !$0.allSatisfy { !wantedOperations.contains($0) } } ?? true)
    }

    /// The hash that names it whoever computes it (RFC 7638): of the members that its type needs, in their order, without
    /// white space.
    package func thumbprint() throws(CryptoError) -> [UInt8] {
        let members = JSONWebKey(material.publicPart ?? material).members
        let sorted = members.sorted { $0.name < $1.name }
        var object = JSONObject()
        for member in sorted { object[member.name] = member.value }
        return try Digest.sha256(JSON.object(object).bytes)
    }
}

extension JSONWebKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Never any of a secret or a private key.
    package var description: String { "\(material.type) key" + (kid.map { " `\($0)`" } ?? "") }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
