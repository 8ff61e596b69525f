package import Primitives

/// What an `Authorization` field of the scheme `Signature` or `hmac` says:
///
///     Signature keyId="mobile", algorithm="hmac-sha256", headers="(request-target) host date", signature="…"
///
/// The form is that of draft-cavage-http-signatures-12, which many gateways have made their own, each with its dialect: `username` for
/// `keyId`, `request-line` or `@request-target` for `(request-target)`, and Base64 that is percent-encoded once more.
package struct HMACCredentials: Equatable, Sendable {
    package let keyID: String
    /// In lower case; nil when it is not said.
    package let algorithm: String?
    /// What is signed, in lower case, in order. What is not said is `date` alone.
    package let headers: [String]
    package let created: Int64?
    package let expires: Int64?
    package let signature: [UInt8]

    /// Whoever signs more makes work and nothing else.
    private static let mostHeaders = 64

    /// Whether the field is of one of these schemes.
    package static func isScheme(_ field: ByteView) -> Bool {
        guard let space = field.firstIndex(of: 0x20) else { return false }
        let scheme = field.prefix(space)
        return scheme.equalsIgnoringCase("signature") || scheme.equalsIgnoringCase("hmac")
    }

    /// Nil: malformed, or a part is missing or there twice.
    package init?(_ field: ByteView) {
        guard HMACCredentials.isScheme(field), let space = field.firstIndex(of: 0x20) else { return nil }
        var parts: [String: String] = [:]
        var isWellFormed = true
        field.dropFirst(space).forEachListElement { element in
            guard let (name, value) = HMACCredentials.parameter(element), parts.updateValue(value, forKey: name) == nil else {
                isWellFormed = false
                return false
            }
            return true
        }
        guard isWellFormed, let keyID = parts["keyid"] ?? parts["username"], !keyID.isEmpty, let text = parts["signature"],
            let signature = HMACCredentials.decode(text)
        else { return nil }
        let headers = (parts["headers"] ?? "date").lowercased().split(separator: " ").map(String.init)
        guard headers.count <= Self.mostHeaders, !headers.isEmpty, Set(headers).count == headers.count else { return nil }
        var times: [Int64?] = []
        for name in ["created", "expires"] {
            guard let text = parts[name] else {
                times.append(nil)
                continue
            }
            guard let seconds = text.withView({ $0.decimal }) else { return nil }
            times.append(Int64(seconds))
        }
        self.keyID = keyID
        self.headers = headers
        self.signature = signature
        algorithm = parts["algorithm"]?.lowercased()
        created = times[0]
        expires = times[1]
    }

    /// `name="value"`, or without quotes.
    private static func parameter(_ element: ByteView) -> (String, String)? {
        guard let equals = element.firstIndex(of: UInt8(ascii: "=")) else { return nil }
        let name = element.prefix(equals).trimmed, value = element.dropFirst(equals + 1).trimmed
        guard !name.isEmpty, !value.isEmpty else { return nil }
        if value[0] == UInt8(ascii: "\"") {
            guard value.count >= 2, value[value.count - 1] == UInt8(ascii: "\"") else { return nil }
            let text = value[1..<value.count - 1]
            guard !text.contains(UInt8(ascii: "\"")), !text.contains(UInt8(ascii: "\\")) else { return nil }
            return (name.string.lowercased(), text.string)
        }
        return (name.string.lowercased(), value.string)
    }

    private static func decode(_ text: String) -> [UInt8]? {
        let plain = ByteBuffer(capacity: 64), bytes = ByteBuffer(capacity: 64)
        // Of Base64, "+" is a digit and no space.
        text.replacing("+", with: "%2B").withView { FormText.decode($0, to: plain) }
        return Base64.decode(plain.view, into: bytes) ? bytes.view.array : nil
    }
}
