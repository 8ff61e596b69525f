/// Declares a setting of a `Settings` group: its help, default and range; holds its value and its place.
///
/// A property without a default is required, unless its type is optional. `$property` is the wrapper itself, for
/// `position`, `isGiven` and `isSecret`.
///
/// A wrapper's initialiser is also what decodes: a group is decoded by making one, and while that happens each setting
/// takes its value from the group's frame (`GroupFrame`). Otherwise the arguments are kept for `Mirror` to find.
@propertyWrapper
public struct Setting<Value: SettingValue>: Sendable {
    @usableFromInline
    enum Storage: Sendable {
        case value(Value)
        /// Not in the file: the default, listed once for the type.
        case absent(Definition<Value>)
        /// Not decoded: the arguments of the declaration.
        case declared(Declaration<Value>)
    }

    @usableFromInline var storage: Storage
    /// Where the value stands; for a setting that was left out, where its group starts.
    public let position: SourcePosition
    /// The value came from the environment, a file or a secret: never print it.
    public let isSecret: Bool

    @inlinable
    init(storage: Storage, position: SourcePosition = .none, isSecret: Bool = false) {
        self.storage = storage
        self.position = position
        self.isSecret = isSecret
    }

    @inlinable
    init(help: String, value: (@Sendable () -> Value)?, range: (@Sendable () -> Bounds<Value>)? = nil) {
        if let frame = GroupFrame.current {
            self = frame.take()
        } else {
            self.init(storage: .declared(Declaration(help: help, value: value, range: range)))
        }
    }

    @inlinable
    public var wrappedValue: Value {
        get {
            switch storage {
            case .value(let value): return value
            case .absent(let definition): if let value = definition.value { return value }
            case .declared(let declaration): if let value = declaration.defaultValue { return value }
            }
            // Only code that makes a group by hand and forgets a required setting comes here: decoding never hands
            // out a group whose required settings are not all there.
            fatalError("a required setting of type \(Value.self) was read before it had a value")
        }
        set { storage = .value(newValue) }
    }

    public var projectedValue: Setting { self }

    /// Whether the file (or code) gave a value.
    public var isGiven: Bool {
        if case .value = storage { true } else { false }
    }

    /// The value for messages: `"text"`, or `***` for a secret.
    public var shown: String { isSecret ? "***" : wrappedValue.encoded.text() }
}

extension Setting: Equatable {
    /// Values count, places do not.
    @inlinable
    public static func == (a: Setting, b: Setting) -> Bool {
        if case .absent(let a) = a.storage, case .absent(let b) = b.storage, a === b { return true }
        return a.wrappedValue == b.wrappedValue
    }
}
