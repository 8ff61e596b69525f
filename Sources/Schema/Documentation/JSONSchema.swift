/// The JSON Schema (draft 2020-12) of a group, in the dialect that yaml-language-server reads.
public struct JSONSchema {
    /// Definitions by the name of their type, in the order in which they were met.
    private var definitions: [JSONValue.Member] = []
    private var met: Set<ObjectIdentifier> = []

    /// The schema of a file whose top level is `type`.
    public static func document(of type: any Settings.Type, title: String) -> JSONValue {
        var schema = JSONSchema()
        let root = schema.object(type)
        guard case .object(var members) = root else { return root }
        members.insert(.init("$schema", "https://json-schema.org/draft/2020-12/schema"), at: 0)
        members.insert(.init("title", .string(title)), at: 1)
        members.append(.init("$defs", .object(schema.definitions.sorted { $0.name < $1.name })))
        return .object(members)
    }

    private mutating func object(_ type: any Settings.Type) -> JSONValue {
        let group = DefinitionCache.definition(of: type)
        var members: [JSONValue.Member] = []
        if !type.about.isEmpty { members.append(.init("description", .string(type.about))) }
        members.append(.init("type", "object"))
        members.append(.init("additionalProperties", false))
        let required = group.settings.filter(\.isRequired)
        if !required.isEmpty { members.append(.init("required", .array(required.map { .string($0.name) }))) }
        members.append(.init("properties", .object(group.settings.map { .init($0.name, property($0)) })))
        return .object(members)
    }

    private mutating func property(_ definition: AnyDefinition) -> JSONValue {
        var members: [JSONValue.Member] = []
        var help = definition.help
        if let bounds = definition.bounds {
            if case .integer = definition.shape {} else { help += " From \(bounds.lower.bare) to \(bounds.upper.bare)." }
        }
        members.append(.init("description", .string(help)))
        guard case .object(var shape) = schema(definition.shape) else { return .object(members) }
        if case .integer = definition.shape, let bounds = definition.bounds {
            shape.append(.init("minimum", bounds.lower))
            shape.append(.init("maximum", bounds.upper))
        }
        members += shape
        if let value = definition.encodedDefault, value != .null, value != .object([]) { members.append(.init("default", value)) }
        return .object(members)
    }

    /// Any scalar may hold `${env:NAME}` and its like: numbers and the rest are allowed as such strings.
    private mutating func schema(_ shape: SettingShape) -> JSONValue {
        switch shape {
        case .boolean: ["type": ["boolean", "string"], "pattern": .string(JSONSchema.reference)]
        case .integer: ["type": ["integer", "string"], "pattern": .string(JSONSchema.reference)]
        case .number: ["type": ["number", "string"], "pattern": .string(JSONSchema.reference)]
        case .text(_, let pattern, let examples): JSONSchema.text(pattern, examples)
        case .choice(let names, let isNumeric):
            [
                "anyOf": [
                    ["enum": .array(names.map { isNumeric ? Int($0).map { .integer($0) } ?? .string($0) : .string($0) })],
                    ["type": "string", "pattern": .string(JSONSchema.reference)],
                ]
            ]
        case .list(.either(let shapes)) where shapes.isEmpty: ["type": ["array", "null"], "maxItems": 0]
        case .list(let element): ["type": "array", "items": schema(element)]
        case .map(let value): ["type": "object", "additionalProperties": schema(value)]
        case .group(let type): reference(to: type)
        case .either(let shapes): ["anyOf": .array(shapes.map { schema($0) })]
        }
    }

    private mutating func reference(to type: any Settings.Type) -> JSONValue {
        let name = "\(type)"
        if met.insert(ObjectIdentifier(type)).inserted { definitions.append(.init(name, object(type))) }
        return ["$ref": .string("#/$defs/\(name)")]
    }

    private static func text(_ pattern: String?, _ examples: [String]) -> JSONValue {
        var members: [JSONValue.Member] = []
        if let pattern {
            members.append(.init("type", "string"))
            members.append(.init("pattern", .string("\(pattern)|\(reference)")))
        } else {
            // YAML reads `version: 1.0` as a number; we take its characters.
            members.append(.init("type", ["string", "number", "boolean"]))
        }
        if !examples.isEmpty { members.append(.init("examples", .array(examples.map { .string($0) }))) }
        return .object(members)
    }

    private static let reference = #"\$\{(env|file|secret):"#
}
