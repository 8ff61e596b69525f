/// The JSON Schema (draft 2020-12) of a group, in the dialect that yaml-language-server reads.
public struct JSONSchema {
    /// Definitions by the name of their type, in the order in which they were met.
    private var definitions: [JSONValue.Member] = []
    private var met: Set<ObjectIdentifier> = []
    private let catalogue: any SettingsCatalogue

    private init(_ catalogue: any SettingsCatalogue) { self.catalogue = catalogue }

    /// The schema of a file, or of a part of one, whose top level is `type`.
    public static func document(
        of type: any Settings.Type, title: String, examples: [JSONValue] = [], catalogue: any SettingsCatalogue = EmptyCatalogue()
    ) -> JSONValue {
        var schema = JSONSchema(catalogue)
        let root = schema.object(type)
        guard case .object(var members) = root else { return root }
        members.insert(.init("$schema", "https://json-schema.org/draft/2020-12/schema"), at: 0)
        members.insert(.init("title", .string(title)), at: 1)
        if !examples.isEmpty { members.append(.init("examples", .array(examples))) }
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
        members.append(.init("properties", .object(group.settings.enumerated().map { .init($1.name, property($1, order: $0)) })))
        return .object(members)
    }

    /// `x-order` is where a form shows the setting; `x-minimum` and `x-maximum` are ranges of what JSON has no numbers for.
    private mutating func property(_ definition: AnyDefinition, order: Int) -> JSONValue {
        var members: [JSONValue.Member] = []
        let isNumber: Bool
        switch definition.shape {
        case .integer, .number: isNumber = true
        default: isNumber = false
        }
        var help = definition.help
        if let bounds = definition.bounds, !isNumber { help += " From \(bounds.lower.bare) to \(bounds.upper.bare)." }
        members.append(.init("title", .string(JSONSchema.title(of: definition.name))))
        members.append(.init("description", .string(help)))
        guard case .object(let shape) = schema(definition.shape) else { return .object(members) }
        members += shape
        if let bounds = definition.bounds {
            members.append(.init(isNumber ? "minimum" : "x-minimum", bounds.lower))
            members.append(.init(isNumber ? "maximum" : "x-maximum", bounds.upper))
        }
        members.append(.init("x-order", .integer(order)))
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
        case .list(let element): ["type": "array", "items": schema(element)]
        case .map(let value): ["type": "object", "additionalProperties": schema(value)]
        case .group(let type): reference(to: type)
        case .either(let shapes): ["anyOf": .array(shapes.map { schema($0) })]
        case .catalogue(let name, let beside): entry(name, beside)
        }
    }

    /// Exactly one of the catalogue's names, and settings beside it.
    private mutating func entry(_ name: String, _ beside: any Settings.Type) -> JSONValue {
        let reference = "\(name)-entry"
        if met.insert(ObjectIdentifier(beside)).inserted {
            var properties: [JSONValue.Member] = []
            var short: [JSONValue] = []
            for name in catalogue.names {
                guard let type = catalogue.settings(named: name) else { continue }
                let settings = self.reference(to: type)
                // `- basic-auth` and `- basic-auth:` stand for `- basic-auth: {}`, where no setting is required.
                let isShort = !DefinitionCache.definition(of: type).settings.contains(where: \.isRequired)
                if isShort { short.append(.string(name)) }
                let about = JSONValue.Member("description", .string(type.about))
                properties.append(
                    .init(name, .object([about, isShort ? .init("anyOf", [settings, ["type": "null"]]) : .init("allOf", [settings])])))
            }
            guard case .object(var members) = object(beside) else { return .null }
            let own = members.firstIndex { $0.name == "properties" }
            if let own, case .object(let more) = members[own].value { members[own].value = .object(properties + more) }
            if !properties.isEmpty { members.append(.init("oneOf", .array(properties.map { ["required": [.string($0.name)]] }))) }
            let whole = JSONValue.object(members)
            definitions.append(.init(reference, short.isEmpty ? whole : ["anyOf": [whole, ["enum": .array(short)]]]))
        }
        return ["$ref": .string("#/$defs/\(reference)")]
    }

    private mutating func reference(to type: any Settings.Type) -> JSONValue {
        let name = JSONSchema.name(of: type)
        if met.insert(ObjectIdentifier(type)).inserted { definitions.append(.init(name, object(type))) }
        return ["$ref": .string("#/$defs/\(name)")]
    }

    /// A setting's name as words: `maxAge` is "Max age".
    static func title(of name: String) -> String {
        var words: [String] = []
        for character in name {
            let continues = words.last.map { !character.isUppercase || $0.last?.isUppercase ?? false } ?? false
            if continues { words[words.count - 1].append(character) } else { words.append(String(character)) }
        }
        let plain = words.map { word in
            let isAcronym = word.count > 1 && word.allSatisfy(\.isUppercase)
            return isAcronym || acronyms.contains(word.lowercased()) ? word.uppercased() : word.lowercased()
        }
        let text = plain.joined(separator: " ")
        return text.prefix(1).uppercased() + text.dropFirst()
    }

    private static let acronyms: Set<String> = ["ip", "url", "http1", "h2c", "tls", "dns", "ttl", "jwt"]

    /// The type's name, with the types that it is nested in: `RateLimit.Config`.
    private static func name(of type: any Settings.Type) -> String {
        String(String(reflecting: type).drop { $0 != "." }.dropFirst())
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
