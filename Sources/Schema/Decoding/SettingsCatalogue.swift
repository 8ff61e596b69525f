/// Groups of settings that others bring, found by name: the policies. Given to decoding and to the documentation, so that
/// `Schema` need not know them.
public protocol SettingsCatalogue: Sendable {
    /// All names, in the order in which they are listed.
    var names: [String] { get }

    /// The settings of that name; nil for names that the catalogue does not have.
    func settings(named name: String) -> (any Settings.Type)?

    /// Names that the configuration format has, and this version has not.
    var reserved: [String] { get }
}

/// Nothing.
public struct EmptyCatalogue: SettingsCatalogue {
    public init() {}
    public var names: [String] { [] }
    public var reserved: [String] { [] }
    public func settings(named name: String) -> (any Settings.Type)? { nil }
}

extension Settings {
    /// Whether two groups are of the same type and have equal settings.
    public func isEqual(to other: any Settings) -> Bool { (other as? Self) == self }
}
