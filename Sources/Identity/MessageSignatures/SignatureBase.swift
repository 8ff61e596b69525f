package import Primitives

/// The bytes that are signed (RFC 9421 §2.5).
package enum SignatureBase {
    /// Appends the signature base of the message under these covered components and parameters.
    ///
    /// - Parameter components: those of `input.items`, in the same order.
    package static func write(
        _ components: [SignatureComponent], _ input: InnerList, of message: some SignedMessage, to out: ByteBuffer
    ) throws(SignatureError) {
        for component in components {
            component.identifier.write(to: out)
            out.append(": ")
            try writeValue(of: component, in: message, to: out)
            out.append(byte: 0x0a)
        }
        out.append("\"@signature-params\": ")
        input.write(to: out)
    }

    private static func writeValue(of component: SignatureComponent, in message: any SignedMessage, to out: ByteBuffer) throws(SignatureError) {
        var source = message
        if component.isOfRequest {
            guard case .response = message.control, let answered = message.answered else {
                throw .malformed("only a response covers components of a request")
            }
            source = answered
        }
        switch component.kind {
        case .field(let name, let encoding, let isTrailer): try writeField(name, encoding, isTrailer, of: source, to: out)
        case .derived(let derived):
            switch source.control {
            case .request(let line): try line.write(derived, to: out)
            case .response(let status):
                guard derived == .status else { throw .malformed("a response covers a component that only requests have") }
                out.append(decimal: status)
            }
        }
    }

    private static func writeField(
        _ name: String, _ encoding: SignatureComponent.Encoding, _ isTrailer: Bool, of message: any SignedMessage, to out: ByteBuffer
    ) throws(SignatureError) {
        if encoding == .lines {
            var isFirst = true
            name.withView { name in
                message.forEachLine(of: name, isTrailer: isTrailer) { line in
                    if !isFirst { out.append(", ") }
                    isFirst = false
                    BareItem.bytes(line.array).write(to: out)
                    return true
                }
            }
            guard !isFirst else { throw .noComponent(name) }
            return
        }
        guard let joined = name.withView({ message.joined($0, isTrailer: isTrailer) }) else { throw .noComponent(name) }
        switch encoding {
        case .structured: try writeStructured(joined.view, to: out)
        case .member(let key):
            guard let dictionary = try? StructuredParser.dictionary(joined.view) else {
                throw .malformed("a field whose member is covered is no dictionary")
            }
            guard let member = dictionary[key] else { throw .noComponent(name) }
            member.write(to: out)
        case .plain, .lines: out.append(joined.view)
        }
    }

    /// Which structure a field has is not written anywhere. But what can be read as a list is the same list written again, also
    /// when it is an item or a dictionary without values, and no other dictionary can be read as a list.
    private static func writeStructured(_ field: ByteView, to out: ByteBuffer) throws(SignatureError) {
        if let list = try? StructuredParser.list(field) { return list.write(to: out) }
        guard let dictionary = try? StructuredParser.dictionary(field) else { throw .malformed("a field that is covered as structured is not") }
        dictionary.write(to: out)
    }
}
