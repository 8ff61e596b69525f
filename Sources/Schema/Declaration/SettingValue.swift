/// A type that a setting can have.
public protocol SettingValue: Equatable, Sendable {
    /// What is accepted, for the JSON Schema, the tables and the messages.
    static var shape: SettingShape { get }

    /// The value at `node`, or nil after reporting to `context` why there is none.
    static func decode(_ node: ConfigNode, in context: DecodingContext) -> Self?

    /// The value as it is written in a file.
    var encoded: JSONValue { get }

    /// What a setting that was left out and has no default is; nil if it must not be left out.
    static var absentValue: Self? { get }
}

extension SettingValue {
    public static var absentValue: Self? { nil }
}

/// What a setting accepts.
public indirect enum SettingShape: Sendable {
    case boolean
    case integer
    case number
    /// Text in the form of `pattern` (ECMA 262), called `name` in messages ("duration").
    case text(name: String, pattern: String?, examples: [String])
    /// One of these words; `numeric` ones may also stand as numbers.
    case choice([String], numeric: Bool = false)
    case list(SettingShape)
    /// Any keys, each with such a value.
    case map(SettingShape)
    case group(any Settings.Type)
    case either([SettingShape])
    /// A map with exactly one name of the catalogue and its settings, and beside it the settings of `beside`.
    case catalogue(name: String, beside: any Settings.Type)
}

extension SettingShape {
    /// A short name for tables and messages: "duration", "list of endpoint".
    public var name: String {
        switch self {
        case .boolean: "true or false"
        case .integer: "whole number"
        case .number: "number"
        case .text(let name, _, _): name
        case .choice(let names, _): names.map { "`\($0)`" }.joined(separator: ", ")
        case .list(let element): "list of \(element.name)"
        case .map(let value): "map to \(value.name)"
        case .group: "group"
        case .either(let shapes): shapes.map(\.name).joined(separator: " or ")
        case .catalogue(let name, _): name
        }
    }
}
