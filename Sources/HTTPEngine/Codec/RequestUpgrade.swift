import GatewayCore
import Primitives

/// Requests that ask to switch to another protocol on their connection (RFC 9110 §7.8).
enum RequestUpgrade {
    /// Notes the protocol that `Upgrade` names first. A request with a body asks for nothing here: where its body ends and the
    /// other protocol begins is what smuggling is made of.
    static func interpret(_ head: RequestHead) {
        guard head.minorVersion >= 1, head.framing == .none || head.framing == .length(0), let value = head.fields[.upgrade] else { return }
        guard isNamedByConnection(head.fields) else { return }
        value.forEachListElement { element in
            if element.allSatisfy(isProtocol) {
                let start = head.fields.storage.view.offset(of: element)
                head.upgradeSpan = RequestHead.Span(start..<start + element.count)
            }
            return false
        }
    }

    static func isNamedByConnection(_ fields: HeaderFields) -> Bool {
        var isNamed = false
        fields.forEach(named: ByteView("connection")) { value in
            value.forEachListElement { option in
                isNamed = isNamed || option.equalsIgnoringCase("upgrade")
                return !isNamed
            }
            return !isNamed
        }
        return isNamed
    }

    /// A token, or two with a slash between: `name/version`.
    private static func isProtocol(_ byte: UInt8) -> Bool { ASCII.isToken(byte) || byte == UInt8(ascii: "/") }
}

extension ByteView {
    fileprivate func allSatisfy(_ test: (UInt8) -> Bool) -> Bool {
        for i in 0..<count where !test(self[i]) { return false }
        return true
    }
}
