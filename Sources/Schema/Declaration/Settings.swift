/// A group of settings: a struct whose properties are marked `@Setting`.
///
///     struct Window: Settings {
///         @Setting("Requests allowed.", 1...1_000_000) var limit: Int
///         @Setting("Length.") var window: Duration = .seconds(60)
///         init() {}
///     }
///
/// Decoding, defaults, ranges, help, JSON Schema and tables all come from those declarations. `Equatable` is
/// synthesised. `init()` must do nothing of its own: decoding calls it, and settings take their values there.
public protocol Settings: SettingValue {
    init()

    /// What the group is, one sentence for the schema; empty if the setting's own help says it.
    static var about: String { get }

    /// Keys of the configuration format that this version does not have yet: using one says exactly that.
    static var reserved: [String] { get }
}

extension Settings {
    public static var about: String { "" }
    public static var reserved: [String] { [] }
    public static var shape: SettingShape { .group(Self.self) }

    /// Every setting that has a value of its own.
    public var encoded: JSONValue {
        var members: [JSONValue.Member] = []
        for child in Mirror(reflecting: self).children {
            guard let setting = child.value as? any AnySetting, let value = setting.givenValue, let label = child.label else { continue }
            members.append(.init(settingName(ofProperty: label), value))
        }
        return .object(members)
    }
}

/// The settings of one type of group, listed once.
final class GroupDefinition: Sendable {
    let settings: [AnyDefinition]
    let names: [String]
    let reserved: [String]

    init(_ type: any Settings.Type) {
        var settings: [AnyDefinition] = []
        // A group that is being decoded must not lend its values to this one.
        let outer = GroupFrame.current
        GroupFrame.current = nil
        defer { GroupFrame.current = outer }
        for child in Mirror(reflecting: type.init()).children {
            guard let setting = child.value as? any AnySetting, let label = child.label else { continue }
            if let definition = setting.definition(named: settingName(ofProperty: label)) { settings.append(definition) }
        }
        self.settings = settings
        names = settings.map(\.name)
        reserved = type.reserved
    }

    /// Index of the setting called `name`. `hint` is tried first: files tend to keep the order of declaration.
    func index(of name: String, hint: Int) -> Int? {
        if hint < names.count, names[hint] == name { return hint }
        return names.firstIndex(of: name)
    }
}

/// `_limit`, the storage of a wrapped property, is the setting `limit`.
private func settingName(ofProperty label: String) -> String { label.hasPrefix("_") ? String(label.dropFirst()) : label }
