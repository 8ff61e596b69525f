/// Tables of settings for the documentation, one for each group.
public struct MarkdownTables {
    /// Sections for `type` and for every group below it, headed by their place in the file.
    public static func document(of type: any Settings.Type, title: String, level: Int = 1) -> String {
        var text = String(repeating: "#", count: level) + " \(title)\n\n"
        var waiting: [(path: String, type: any Settings.Type)] = [("", type)]
        var met: Set<ObjectIdentifier> = []
        while !waiting.isEmpty {
            let (path, type) = waiting.removeFirst()
            guard met.insert(ObjectIdentifier(type)).inserted else { continue }
            if !path.isEmpty { text += String(repeating: "#", count: level + 1) + " `\(path)`\n\n" }
            if !type.about.isEmpty { text += "\(type.about)\n\n" }
            text += table(of: type)
            if !type.reserved.isEmpty {
                text += "Not in this version yet: \(type.reserved.map { "`\($0)`" }.joined(separator: ", ")).\n\n"
            }
            let below = DefinitionCache.definition(of: type).settings.flatMap { setting in
                groups(in: setting.shape, path: path.isEmpty ? setting.name : "\(path).\(setting.name)")
            }
            waiting.insert(contentsOf: below, at: 0)
        }
        return text
    }

    /// Setting, type, default, help.
    static func table(of type: any Settings.Type) -> String {
        var text = "| setting | type | default | |\n| --- | --- | --- | --- |\n"
        for setting in DefinitionCache.definition(of: type).settings {
            var kind = setting.shape.name
            if let bounds = setting.bounds { kind += ", \(bounds.lower.bare) to \(bounds.upper.bare)" }
            let cells = ["`\(setting.name)`", kind, fallback(setting), setting.help].map { $0.replacing("|", with: "\\|") }
            text += "| \(cells.joined(separator: " | ")) |\n"
        }
        return text + "\n"
    }

    private static func fallback(_ setting: AnyDefinition) -> String {
        if setting.isRequired { return "required" }
        switch setting.encodedDefault {
        case nil, .null: return ""
        case .object(let members) where members.isEmpty: return ""
        case .array(let values) where values.isEmpty: return "none"
        case .array(let values): return "`[\(values.map(\.bare).joined(separator: ", "))]`"
        case .string(""): return "empty"
        case .some(let value): return "`\(value.bare)`"
        }
    }

    private static func groups(in shape: SettingShape, path: String) -> [(path: String, type: any Settings.Type)] {
        switch shape {
        case .group(let type): [(path, type)]
        case .list(let element): groups(in: element, path: "\(path)[]")
        case .map(let value): groups(in: value, path: "\(path).NAME")
        case .either(let shapes): shapes.flatMap { groups(in: $0, path: path) }
        case .boolean, .integer, .number, .text, .choice: []
        }
    }
}
