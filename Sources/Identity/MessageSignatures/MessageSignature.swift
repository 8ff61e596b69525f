import Primitives

/// One signature of a message: a member of `Signature-Input` with that of `Signature` (RFC 9421 §4).
package struct MessageSignature: Sendable {
    package let label: String
    package let components: [SignatureComponent]
    /// The member of `Signature-Input`.
    package let input: InnerList
    package let bytes: [UInt8]
    package let parameters: SignatureParameters

    /// Whoever covers more makes work and nothing else.
    private static let mostComponents = 64

    private init(_ label: String, _ input: InnerList, _ bytes: [UInt8]) throws(SignatureError) {
        guard input.items.count <= Self.mostComponents else { throw .refused("too many components are covered") }
        var components: [SignatureComponent] = []
        components.reserveCapacity(input.items.count)
        for item in input.items {
            let component = try SignatureComponent(item)
            guard !components.contains(where: { $0.isSame(as: component) }) else { throw .malformed("a component is covered twice") }
            components.append(component)
        }
        self.label = label
        self.components = components
        self.input = input
        self.bytes = bytes
        parameters = try SignatureParameters(input.parameters)
    }

    /// The message's signatures, in their order, or the first thing that is wrong with their fields.
    ///
    /// - Parameter label: only this one.
    package static func all(of message: some SignedMessage, labelled label: String? = nil) throws(SignatureError) -> [MessageSignature] {
        guard let inputs = message.joined(ByteView("signature-input")), let signatures = message.joined(ByteView("signature")) else { throw .missing }
        guard let inputs = try? StructuredParser.dictionary(inputs.view), let signatures = try? StructuredParser.dictionary(signatures.view) else {
            throw .malformed("Signature-Input or Signature is no dictionary")
        }
        var all: [MessageSignature] = []
        for member in inputs.all where label == nil || member.key == label {
            guard let input = member.value.innerList else { throw .malformed("a member of Signature-Input is no inner list") }
            guard let bytes = signatures[member.key]?.item?.value.bytes else { throw .malformed("a signature is missing or is no byte sequence") }
            all.append(try MessageSignature(member.key, input, bytes))
        }
        guard !all.isEmpty else { throw .missing }
        return all
    }

    /// Whether the signature covers this component, itself or as a part of another one.
    package func covers(_ wanted: SignatureComponent) -> Bool {
        components.contains { component in
            if component.isSame(as: wanted) { return true }
            switch (component.kind, wanted.kind) {
            case (.derived(let whole), .derived(let part)): return component.isOfRequest == wanted.isOfRequest && whole.includes(part)
            // A field that is covered as it stands has all its members covered, however it is encoded.
            case (.field(let one, let encoding, let behind), .field(let other, _, let isBehind)):
                if case .member = encoding { return false }
                return one == other && behind == isBehind && component.isOfRequest == wanted.isOfRequest
            default: return false
            }
        }
    }
}

/// What a signature says of itself (RFC 9421 §2.3).
package struct SignatureParameters: Equatable, Sendable {
    /// Seconds since 1970.
    package var created: Int64?
    package var expires: Int64?
    package var nonce: String?
    package var algorithm: String?
    package var keyID: String?
    package var tag: String?

    package init() {}

    init(_ parameters: StructuredParameters) throws(SignatureError) {
        for member in parameters.all {
            switch (member.key, member.value) {
            case ("created", .integer(let seconds)): created = seconds
            case ("expires", .integer(let seconds)): expires = seconds
            case ("nonce", .string(let text)): nonce = text
            case ("alg", .string(let text)): algorithm = text
            case ("keyid", .string(let text)): keyID = text
            case ("tag", .string(let text)): tag = text
            case ("created", _), ("expires", _), ("nonce", _), ("alg", _), ("keyid", _), ("tag", _):
                throw .malformed("a parameter of the signature has the wrong type")
            // Extensions are signed like the others (§2.3).
            default: break
            }
        }
    }

    /// In the order of the RFC's own list.
    package var structured: StructuredParameters {
        var all = StructuredParameters()
        all["created"] = created.map { .integer($0) }
        all["expires"] = expires.map { .integer($0) }
        all["keyid"] = keyID.map { .string($0) }
        all["alg"] = algorithm.map { .string($0) }
        all["nonce"] = nonce.map { .string($0) }
        all["tag"] = tag.map { .string($0) }
        return all
    }
}
