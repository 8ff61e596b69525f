/// What `@Setting` says about a setting, whatever its type.
@usableFromInline
class AnyDefinition: @unchecked Sendable {  // Immutable, here and in its one subclass.
    @usableFromInline let name: String
    let help: String
    let shape: SettingShape
    @usableFromInline let isRequired: Bool

    init(name: String, help: String, shape: SettingShape, isRequired: Bool) {
        self.name = name
        self.help = help
        self.shape = shape
        self.isRequired = isRequired
    }

    var encodedDefault: JSONValue? { nil }
    var bounds: EncodedBounds? { nil }
}

/// The range of a setting as it is written in a file.
@usableFromInline
struct EncodedBounds: Sendable {
    var lower: JSONValue
    var upper: JSONValue
}

@usableFromInline
final class Definition<Value: SettingValue>: AnyDefinition, @unchecked Sendable {
    @usableFromInline let value: Value?
    @usableFromInline let range: Bounds<Value>?

    init(name: String, help: String, value: Value?, range: Bounds<Value>?) {
        self.value = value
        self.range = range
        super.init(name: name, help: help, shape: Value.shape, isRequired: value == nil)
    }

    override var encodedDefault: JSONValue? { value?.encoded }
    override var bounds: EncodedBounds? { range.map { EncodedBounds(lower: $0.lower.encoded, upper: $0.upper.encoded) } }
}
