package import Schema

/// The name of a folder that the gateway keeps things in. What is in it does not count when two are compared.
package struct ConfigurationFolder: SettingValue, Hashable {
    /// As it is written.
    package let name: String
    /// Relative names begin at the folder of the configuration file.
    package let path: String

    package init(_ name: String, in file: String = "") {
        self.name = name
        let folder = file.lastIndex(of: "/").map { file[...$0] } ?? ""
        path = name.hasPrefix("/") ? name : folder + name
    }

    package static var shape: SettingShape { .text(name: "folder", pattern: nil, examples: ["/var/lib/sluice/certificates", "certificates"]) }

    package static func decode(_ node: ConfigNode, in context: DecodingContext) -> ConfigurationFolder? {
        String.decode(node, in: context).map { ConfigurationFolder($0, in: node.position.file) }
    }

    package var encoded: JSONValue { .string(name) }
}
