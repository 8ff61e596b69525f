// The forms of `@Setting(…)`.

extension Setting {
    /// A setting without a default: required, unless its type is optional.
    @inlinable
    public init(_ help: String) { self.init(help: help, value: nil) }

    /// A setting with a default.
    @inlinable
    public init(wrappedValue: @autoclosure @escaping @Sendable () -> Value, _ help: String) {
        self.init(help: help, value: wrappedValue)
    }

    /// A setting with a range: required.
    @inlinable
    public init(_ help: String, _ range: @autoclosure @escaping @Sendable () -> ClosedRange<Value>) where Value: Comparable {
        self.init(help: help, value: nil, range: { Bounds(range()) })
    }

    /// A setting with a default and a range.
    @inlinable
    public init(
        wrappedValue: @autoclosure @escaping @Sendable () -> Value, _ help: String,
        _ range: @autoclosure @escaping @Sendable () -> ClosedRange<Value>
    ) where Value: Comparable {
        self.init(help: help, value: wrappedValue, range: { Bounds(range()) })
    }

    /// A setting that may be left out, with a range.
    @inlinable
    public init<Wrapped: Comparable>(_ help: String, _ range: @autoclosure @escaping @Sendable () -> ClosedRange<Wrapped>)
    where Value == Wrapped? {
        self.init(help: help, value: nil, range: { Bounds(optional: range()) })
    }
}

/// The arguments of an attribute.
@usableFromInline
final class Declaration<Value: SettingValue>: Sendable {
    let help: String
    let value: (@Sendable () -> Value)?
    let range: (@Sendable () -> Bounds<Value>)?

    @usableFromInline
    init(help: String, value: (@Sendable () -> Value)?, range: (@Sendable () -> Bounds<Value>)?) {
        self.help = help
        self.value = value
        self.range = range
    }

    @usableFromInline
    var defaultValue: Value? { value.map { $0() } ?? Value.absentValue }
}

/// A closed range, and how to ask it: `Value` alone is not known to be `Comparable`.
@usableFromInline
struct Bounds<Value: SettingValue>: Sendable {
    let lower: any SettingValue
    let upper: any SettingValue
    @usableFromInline let contains: @Sendable (Value) -> Bool

    @usableFromInline
    init(_ range: ClosedRange<Value>) where Value: Comparable {
        (lower, upper) = (range.lowerBound, range.upperBound)
        contains = { range.contains($0) }
    }

    @usableFromInline
    init<Wrapped: Comparable & SettingValue>(optional range: ClosedRange<Wrapped>) where Value == Wrapped? {
        (lower, upper) = (range.lowerBound, range.upperBound)
        contains = { $0.map(range.contains) ?? true }
    }
}

/// `Setting` without its type, for `Mirror`.
protocol AnySetting {
    func definition(named name: String) -> AnyDefinition?
    var givenValue: JSONValue? { get }
}

extension Setting: AnySetting {
    /// Nil once the setting has a value: only a group that was just made tells what its settings are.
    func definition(named name: String) -> AnyDefinition? {
        switch storage {
        case .declared(let declaration):
            Definition(name: name, help: declaration.help, value: declaration.defaultValue, range: declaration.range?())
        case .absent(let definition): definition
        case .value: nil
        }
    }

    var givenValue: JSONValue? {
        guard case .value(let value) = storage else { return nil }
        return value.encoded
    }
}
