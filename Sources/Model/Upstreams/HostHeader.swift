package import Schema

/// The Host header towards an endpoint.
package enum HostHeader: SettingValue {
    /// As the client sent it.
    case preserve
    /// The endpoint's address as configured.
    case endpoint
    /// This text, `host` or `host:port`.
    case literal(String)

    package static var shape: SettingShape {
        .text(name: "host", pattern: nil, examples: ["preserve", "endpoint", "orders.internal"])
    }

    package static func decode(_ node: ConfigNode, in context: DecodingContext) -> HostHeader? {
        switch node.text {
        case "preserve": return .preserve
        case "endpoint": return .endpoint
        case .some(let text) where !text.isEmpty && text.utf8.allSatisfy(isHostByte): return .literal(text)
        default:
            context.mismatch(node, expected: "`preserve`, `endpoint` or a host such as `orders.internal`")
            return nil
        }
    }

    package var encoded: JSONValue {
        switch self {
        case .preserve: "preserve"
        case .endpoint: "endpoint"
        case .literal(let text): .string(text)
        }
    }

    /// Letters, digits and what RFC 3986 §3.2.2 lets stand in a host or around a port.
    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "-._:[]~%".utf8.contains(byte)
        }
    }
}
