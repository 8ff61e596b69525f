/// The settings of a group and of the groups below it, as text for people: what tables, pages and help screens are made of.
public struct SettingsOutline: Sendable {
    /// One group.
    public struct Section: Sendable {
        /// Where it stands, once or several times: `request`, `response`; none for the outermost.
        public internal(set) var paths: [String]
        public let about: String
        public let settings: [Row]
        /// Keys of the configuration format that this version does not have yet.
        public let reserved: [String]
    }

    /// One setting.
    public struct Row: Sendable {
        public let name: String
        /// What it accepts, with its range: "duration, 0s to 1h".
        public let type: String
        /// As it is written in a file, or "required", "none", "empty"; nil when there is nothing to say.
        public let fallback: Fallback?
        public let help: String
    }

    public enum Fallback: Sendable, Equatable {
        case value(String)
        case word(String)
    }

    /// Outermost first, each before the groups below it.
    public let sections: [Section]

    public init(of type: any Settings.Type) {
        var sections: [Section] = []
        var waiting: [(path: String, type: any Settings.Type)] = [("", type)]
        var met: [ObjectIdentifier: Int] = [:]
        while !waiting.isEmpty {
            let (path, type) = waiting.removeFirst()
            if let known = met[ObjectIdentifier(type)] {
                sections[known].paths.append(path)
                continue
            }
            met[ObjectIdentifier(type)] = sections.count
            let settings = DefinitionCache.definition(of: type).settings
            sections.append(
                Section(paths: path.isEmpty ? [] : [path], about: type.about, settings: settings.map(Row.init), reserved: type.reserved))
            let below = settings.flatMap { setting in
                SettingsOutline.groups(in: setting.shape, path: path.isEmpty ? setting.name : "\(path).\(setting.name)")
            }
            waiting.insert(contentsOf: below, at: 0)
        }
        self.sections = sections
    }

    private static func groups(in shape: SettingShape, path: String) -> [(path: String, type: any Settings.Type)] {
        switch shape {
        case .group(let type): [(path, type)]
        case .list(let element): groups(in: element, path: "\(path)[]")
        case .map(let value): groups(in: value, path: "\(path).NAME")
        case .either(let shapes): shapes.flatMap { groups(in: $0, path: path) }
        case .catalogue(_, let beside): [(path, beside)]
        case .boolean, .integer, .number, .text, .choice: []
        }
    }
}

extension SettingsOutline.Row {
    init(_ setting: AnyDefinition) {
        name = setting.name
        let range = setting.bounds.map { ", \($0.lower.bare) to \($0.upper.bare)" }
        type = setting.shape.name + (range ?? "")
        fallback = SettingsOutline.Fallback(setting)
        help = setting.help
    }
}

extension SettingsOutline.Fallback {
    init?(_ setting: AnyDefinition) {
        if setting.isRequired {
            self = .word("required")
            return
        }
        switch setting.encodedDefault {
        case nil, .null: return nil
        case .object(let members) where members.isEmpty: return nil
        case .array(let values) where values.isEmpty: self = .word("none")
        case .array(let values): self = .value("[\(values.map(\.bare).joined(separator: ", "))]")
        case .string(""): self = .word("empty")
        case .some(let value): self = .value(value.bare)
        }
    }
}
