import GatewayCore
import Model
import PolicyKit
import Schema

struct OpenAPIError: Error {
    let text: String
    init(_ text: String) { self.text = text }
}

/// An OpenAPI document, as far as it speaks of security.
struct OpenAPIDocument {
    let root: ConfigNode
    /// By name.
    let schemes: [String: ConfigNode]

    /// - Parameter position: where the setting stands that names the file.
    init(_ file: ConfigurationFile, at position: SourcePosition) throws(PolicyError) {
        guard let text = TextFile.read(file.path) else { throw PolicyError("\(file.name) can't be read", at: position, path: "file") }
        let (tree, diagnostics) = ConfigNode.read(yaml: text, file: file.path)
        if let first = diagnostics.first(where: { $0.severity == .error }) {
            throw PolicyError("\(file.name):\(first.line): \(first.message)", at: position, path: "file")
        }
        root = tree
        guard let version = tree["openapi"]?.text, version.hasPrefix("3.") else {
            throw PolicyError("\(file.name) is no document of OpenAPI 3", at: position, path: "file")
        }
        var schemes: [String: ConfigNode] = [:]
        for entry in tree["components"]?["securitySchemes"]?.entries ?? [] { schemes[entry.key] = entry.value }
        self.schemes = schemes
    }

    /// The path of the first server, without what varies.
    var basePath: String {
        guard case .list(let servers) = root["servers"]?.content, let url = servers.first?["url"]?.text else { return "" }
        var path = url[...]
        if let scheme = url.firstRange(of: "://") { path = url[scheme.upperBound...].drop { $0 != "/" } }
        return String(path.hasSuffix("/") ? path.dropLast() : path)
    }

    /// What stands behind a `$ref` into the same document, at most eight in a row.
    func resolve(_ node: ConfigNode) throws(OpenAPIError) -> ConfigNode {
        var node = node
        for _ in 0..<8 {
            guard let reference = node["$ref"]?.text else { return node }
            guard reference.hasPrefix("#/") else { throw OpenAPIError("`\(reference)` is in another document") }
            var target = root
            for part in reference.dropFirst(2).split(separator: "/", omittingEmptySubsequences: false) {
                // RFC 6901 §4.
                let key = part.replacing("~1", with: "/").replacing("~0", with: "~")
                guard let next = target[String(key)] else { throw OpenAPIError("`\(reference)` leads to nothing") }
                target = next
            }
            node = target
        }
        throw OpenAPIError("references go round in circles")
    }
}

extension ConfigNode {
    var entries: [Entry] {
        if case .map(let entries) = content { entries } else { [] }
    }

    subscript(key: String) -> ConfigNode? { entries.first { $0.key == key }?.value }
}
