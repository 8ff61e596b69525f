package import GatewayCore
package import Schema

/// A URL as a setting.
extension CalloutURL: SettingValue {
    package static var shape: SettingShape {
        .text(name: "URL", pattern: "^https?://[^#@]+$", examples: ["https://id.example.com/introspect"])
    }

    package static func decode(_ node: ConfigNode, in context: DecodingContext) -> CalloutURL? {
        guard let text = node.text else {
            context.mismatch(node, expected: "a URL such as https://id.example.com/introspect")
            return nil
        }
        do throws(CalloutURLError) {
            return try CalloutURL(parsing: text)
        } catch {
            context.error(node, error.rawValue)
            return nil
        }
    }

    package var encoded: JSONValue { .string(description) }
}
