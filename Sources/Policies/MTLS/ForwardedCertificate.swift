import GatewayCore
import Primitives
import TLS

/// The client's certificate as a proxy passes it on, after it has verified it.
enum ForwardedCertificate {
    /// More is not even parsed: a certificate is rarely longer than 4 KiB.
    static let most = 32 << 10

    /// `Client-Cert: :MIIB…:` (RFC 9440 §2.2): the certificate in DER, as a byte sequence of RFC 8941.
    static func clientCert(_ value: ByteView) -> ClientCertificate? {
        guard value.count > 2, value.count <= most, value[0] == UInt8(ascii: ":"), value[value.count - 1] == UInt8(ascii: ":") else { return nil }
        return der(value[1..<value.count - 1])
    }

    /// `X-Forwarded-Client-Cert` as Envoy writes it: elements between commas, each of `key=value` between semicolons. Every proxy
    /// appends what it has seen itself, so the last element is the nearest proxy's word; the others are somebody else's.
    static func xForwardedClientCert(_ value: ByteView) -> ClientCertificate? {
        guard value.count <= most else { return nil }
        var last: ByteView?
        value.forEachListElement {
            last = $0
            return true
        }
        guard let last else { return nil }
        var element = Element()
        guard element.read(last) else { return nil }
        return element.certificate
    }

    private static func der(_ base64: ByteView) -> ClientCertificate? {
        let out = ByteBuffer(capacity: base64.count)
        guard Base64.decode(base64, into: out) else { return nil }
        return ClientCertificate(der: out.view.array)
    }

    /// What one proxy says.
    private struct Element {
        private var subject = ""
        private var digest: [UInt8] = []
        private var names: [SubjectAltName] = []
        private var uris: [String] = []
        private var whole: ClientCertificate?

        /// The certificate itself where it was passed on; otherwise the one of which these things are known.
        var certificate: ClientCertificate? {
            if let whole { return whole }
            guard !subject.isEmpty || !digest.isEmpty || !names.isEmpty else { return nil }
            let spiffe = uris.count == 1 ? SPIFFEID(parsing: uris[0]).flatMap { $0.path.isEmpty ? nil : $0 } : nil
            return ClientCertificate(subject: subject, names: names, spiffe: spiffe, digest: digest)
        }

        /// False: it is malformed.
        mutating func read(_ text: ByteView) -> Bool {
            var rest = text
            while !rest.isEmpty {
                guard let equals = rest.firstIndex(of: UInt8(ascii: "=")) else { return false }
                let key = rest.prefix(equals).trimmed
                guard let (value, end) = Element.value(rest, from: equals + 1), take(key, value) else { return false }
                rest = rest.dropFirst(end)
            }
            return true
        }

        /// A value, bare or quoted, and where the next pair begins. Nil: nothing ends the quotes, or something stands behind them.
        private static func value(_ text: ByteView, from start: Int) -> (value: [UInt8], end: Int)? {
            guard start < text.count, text[start] == UInt8(ascii: "\"") else {
                let end = text.firstIndex(of: UInt8(ascii: ";"), from: start) ?? text.count
                return (text[start..<end].array, min(end + 1, text.count))
            }
            var value: [UInt8] = []
            var at = start + 1
            while at < text.count, text[at] != UInt8(ascii: "\"") {
                if text[at] == UInt8(ascii: "\\"), at + 1 < text.count { at += 1 }
                value.append(text[at])
                at += 1
            }
            guard at < text.count, at + 1 == text.count || text[at + 1] == UInt8(ascii: ";") else { return nil }
            return (value, min(at + 2, text.count))
        }

        private mutating func take(_ key: ByteView, _ value: [UInt8]) -> Bool {
            let text = String(decoding: value, as: UTF8.self)
            switch true {
            case value.isEmpty: break
            case key.equalsIgnoringCase("subject"): subject = text
            case key.equalsIgnoringCase("hash"):
                guard let bytes = Element.hexadecimal(value), bytes.count == 32 else { return false }
                digest = bytes
            case key.equalsIgnoringCase("uri"):
                uris.append(text)
                names.append(.uri(text))
            case key.equalsIgnoringCase("dns"): names.append(.dns(text.lowercased()))
            case key.equalsIgnoringCase("cert"):
                guard let found = Element.pem(value) else { return false }
                whole = found
            // Who the proxy itself is, and the chain.
            default: break
            }
            return true
        }

        private static func hexadecimal(_ text: [UInt8]) -> [UInt8]? {
            guard text.count & 1 == 0 else { return nil }
            var bytes: [UInt8] = []
            for i in stride(from: 0, to: text.count, by: 2) {
                guard let high = ASCII.hexValue(text[i]), let low = ASCII.hexValue(text[i + 1]) else { return nil }
                bytes.append(high << 4 | low)
            }
            return bytes
        }

        /// PEM, percent-encoded.
        private static func pem(_ encoded: [UInt8]) -> ClientCertificate? {
            var text: [UInt8] = []
            var at = 0
            while at < encoded.count {
                if encoded[at] == UInt8(ascii: "%") {
                    guard at + 2 < encoded.count, let high = ASCII.hexValue(encoded[at + 1]), let low = ASCII.hexValue(encoded[at + 2]) else {
                        return nil
                    }
                    text.append(high << 4 | low)
                    at += 3
                } else {
                    text.append(encoded[at])
                    at += 1
                }
            }
            let lines = String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline)
            guard lines.count > 2, lines.first == "-----BEGIN CERTIFICATE-----", lines.last == "-----END CERTIFICATE-----" else { return nil }
            return lines.dropFirst().dropLast().joined().withView { ForwardedCertificate.der($0) }
        }
    }
}
