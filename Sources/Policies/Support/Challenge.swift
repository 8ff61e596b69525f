import GatewayCore
import PolicyKit
import Primitives
import Schema

/// A challenge of `WWW-Authenticate` (RFC 9110 §11.6.1): a scheme and its parameters, composed when the configuration is loaded.
struct Challenge: Sendable {
    private let bytes: [UInt8]

    /// - Parameter parameters: values are written as quoted strings, in order.
    init(scheme: String, _ parameters: [(name: String, value: String)] = []) {
        let list = parameters.map { "\($0.name)=\(Challenge.quoted($0.value))" }.joined(separator: ", ")
        bytes = Array((list.isEmpty ? scheme : "\(scheme) \(list)").utf8)
    }

    /// Adds the challenge to a response, behind those that it has: a client may choose among them (§11.6.1).
    func add(to exchange: Exchange) {
        bytes.withView { exchange.response.fields.append(.other, name: ByteView("www-authenticate"), $0) }
    }

    /// What a request that is refused is answered: the challenge and the reason.
    func refuse(_ reason: Reason, _ exchange: Exchange, _ detail: String) -> Verdict {
        add(to: exchange)
        return .refuse(reason, detail)
    }

    /// Checks a setting that becomes the `realm`.
    static func check(realm: Setting<String>) throws(PolicyError) {
        guard realm.wrappedValue.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) else {
            throw PolicyError("a realm is made of visible ASCII characters and spaces", at: realm.position, path: "realm")
        }
    }

    /// RFC 9110 §5.6.4.
    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for character in text {
            if character == "\"" || character == "\\" { quoted.append("\\") }
            quoted.append(character)
        }
        return quoted + "\""
    }
}
