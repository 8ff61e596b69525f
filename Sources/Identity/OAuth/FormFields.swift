package import Primitives

/// The fields of an `application/x-www-form-urlencoded` text (URL Standard §5), read strictly, as RFC 6749 §3.1 wants them: no field
/// comes twice, and an empty one counts as left out.
package struct FormFields: Sendable, Equatable {
    /// Most fields of a text.
    package static let most = 64

    private let values: [String: String]

    /// Nil: a malformed escape, no UTF-8, a NUL, a field that comes twice, or too many fields.
    package init?(parsing text: ByteView) {
        var values: [String: String] = [:]
        var start = 0
        while start <= text.count {
            let end = text.firstIndex(of: UInt8(ascii: "&"), from: start) ?? text.count
            let pair = text[start..<end]
            start = end + 1
            guard !pair.isEmpty else { continue }
            let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.count
            guard let name = FormFields.decode(pair.prefix(equals)), let value = FormFields.decode(pair.dropFirst(equals + 1)),
                values.count < FormFields.most, values.updateValue(value, forKey: name) == nil
            else { return nil }
        }
        self.values = values
    }

    package init?(parsing text: String) {
        guard let fields = text.withView({ FormFields(parsing: $0) }) else { return nil }
        self = fields
    }

    /// The value of a field; nil when it is empty or not there.
    package subscript(name: String) -> String? {
        guard let value = values[name], !value.isEmpty else { return nil }
        return value
    }

    /// The text of fields in their order.
    package static func encode(_ fields: [(name: String, value: String)]) -> String {
        fields.map { "\(encode($0.name))=\(encode($0.value))" }.joined(separator: "&")
    }

    /// Percent-encodes all but unreserved characters (RFC 3986 §2.3), which is right in forms, queries and paths alike.
    package static func encode(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if ASCII.isUnreserved(byte) {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "%"), ASCII.hexDigit(byte >> 4), ASCII.hexDigit(byte & 15)]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func decode(_ text: ByteView) -> String? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var at = 0
        while at < text.count {
            var byte = text[at]
            at += 1
            if byte == UInt8(ascii: "+") {
                byte = 0x20
            } else if byte == UInt8(ascii: "%") {
                guard at + 1 < text.count, let high = ASCII.hexValue(text[at]), let low = ASCII.hexValue(text[at + 1]) else { return nil }
                byte = high << 4 | low
                at += 2
            }
            guard byte != 0 else { return nil }
            bytes.append(byte)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
