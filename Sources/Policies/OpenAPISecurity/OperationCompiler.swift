import Schema

/// Turns the operations of a document into a table and what each demands.
struct OperationCompiler {
    private let document: OpenAPIDocument
    private let basePath: String
    /// Of the policy's own settings: scheme to the policies that check it.
    private let methods: [String: [String]]
    private(set) var table = OperationTable()
    private(set) var requirements: [SecurityRequirement] = []

    private static let names: Set<String> = ["get", "put", "post", "delete", "options", "head", "patch", "trace"]

    init(_ document: OpenAPIDocument, basePath: String, methods: [String: [String]]) {
        self.document = document
        self.basePath = basePath
        self.methods = methods
    }

    mutating func compile() throws(OpenAPIError) {
        let usual =
            try document.root["security"].map { (node) throws(OpenAPIError) in try requirement(node) } ?? SecurityRequirement(alternatives: [])
        for path in document.root["paths"]?.entries ?? [] {
            guard path.key.hasPrefix("/") else { continue }
            let item = try document.resolve(path.value)
            for operation in item.entries where OperationCompiler.names.contains(operation.key) {
                let demanded = try operation.value["security"].map { (node) throws(OpenAPIError) in try requirement(node) } ?? usual
                try table.add(basePath + path.key, operation.key.uppercased(), place(of: demanded))
            }
        }
    }

    /// Most operations demand the same.
    private mutating func place(of requirement: SecurityRequirement) -> Int {
        if let known = requirements.firstIndex(of: requirement) { return known }
        requirements.append(requirement)
        return requirements.count - 1
    }

    private func requirement(_ node: ConfigNode) throws(OpenAPIError) -> SecurityRequirement {
        guard case .list(let nodes) = node.content else { throw OpenAPIError("`security` is a list") }
        var alternatives: [[SecurityRequirement.Demand]] = []
        for node in nodes {
            var demands: [SecurityRequirement.Demand] = []
            for entry in node.entries { demands.append(try demand(entry)) }
            alternatives.append(demands)
        }
        return SecurityRequirement(alternatives: alternatives)
    }

    private func demand(_ entry: ConfigNode.Entry) throws(OpenAPIError) -> SecurityRequirement.Demand {
        guard let scheme = document.schemes[entry.key] else { throw OpenAPIError("there is no security scheme `\(entry.key)`") }
        var scopes: [String] = []
        if case .list(let nodes) = entry.value.content { scopes = nodes.compactMap(\.text) }
        if let own = methods[entry.key] { return SecurityRequirement.Demand(methods: own, scopes: scopes) }
        return SecurityRequirement.Demand(methods: try usualMethods(try document.resolve(scheme), entry.key), scopes: scopes)
    }

    private func usualMethods(_ scheme: ConfigNode, _ name: String) throws(OpenAPIError) -> [String] {
        switch scheme["type"]?.text {
        case "apiKey": return ["api-key"]
        case "mutualTLS": return ["mtls"]
        case "http" where scheme["scheme"]?.text?.lowercased() == "basic": return ["basic-auth"]
        case "http", "oauth2", "openIdConnect": return []
        default: throw OpenAPIError("the security scheme `\(name)` has no type that is known")
        }
    }
}
