import GatewayCore
import Model
import PolicyKit
import Primitives
import Schema

/// A header field that a policy writes, with everything prepared: its name known, a constant value rendered.
struct FieldTemplate: Sendable {
    private let known: KnownField
    private let name: [UInt8]
    private let value: PolicyTemplate
    private let constant: [UInt8]?

    /// - Parameters:
    ///   - path: where the entry stands, for messages.
    ///   - isResponseKnown: the value is rendered when there is a response.
    init(
        _ entry: OrderedMap<TemplateText>.Entry, _ path: String, _ context: PolicyContext, isResponseKnown: Bool
    ) throws(PolicyError) {
        name = Array(entry.key.lowercased().utf8)
        try FieldTemplate.check(entry.key, name, entry.position, path)
        known = name.withView { KnownField.named($0) }
        value = try context.compile(entry.value, path, isResponseKnown: isResponseKnown)
        constant = value.constant
        if let constant, !constant.allSatisfy(ASCII.isFieldValue) {
            throw PolicyError("a field's value holds no line breaks and no control characters", at: entry.position, path: path)
        }
    }

    /// Fields that frame the message or belong to the connection are the gateway's own (RFC 9110 §7.6.1).
    static func check(_ text: String, _ name: [UInt8], _ position: SourcePosition, _ path: String) throws(PolicyError) {
        guard !name.isEmpty, name.allSatisfy(ASCII.isToken) else {
            throw PolicyError("`\(text)` can't be the name of a header", at: position, path: path)
        }
        let known = name.withView { KnownField.named($0) }
        guard !known.isHopByHop, known != .contentLength, known != .trailer else {
            throw PolicyError("`\(text)` says how a message is sent: the gateway writes it itself", at: position, path: path)
        }
    }

    var isContentType: Bool { known == .contentType }

    func write(_ exchange: Exchange, to fields: HeaderFields, replacing: Bool) {
        if let constant {
            constant.withView { write($0, fields, replacing) }
        } else {
            let scratch = exchange.tools.scratch
            scratch.clear()
            value.render(exchange, to: scratch)
            scratch.replaceControlCharacters()
            write(scratch.view, fields, replacing)
        }
    }

    private func write(_ value: ByteView, _ fields: HeaderFields, _ replacing: Bool) {
        name.withView { name in
            if replacing { fields.remove(named: name) }
            fields.append(known, name: name, value)
        }
    }
}

extension ByteBuffer {
    /// What a client sent may hold bytes that no field may: each becomes a space (RFC 9110 §5.5).
    fileprivate func replaceControlCharacters() {
        for i in 0..<count where !ASCII.isFieldValue(view[i]) { replace(at: i, with: UInt8(ascii: " ")) }
    }
}
