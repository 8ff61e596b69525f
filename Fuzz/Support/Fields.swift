package import GatewayCore
import Primitives

/// What every accepted header section must be: token names, values without controls, nothing outside the storage.
package func checkFields(_ fields: HeaderFields) {
    for i in 0..<fields.count {
        let name = fields.name(at: i), value = fields.value(at: i)
        check(name.count > 0, "a field without a name was accepted")
        for j in 0..<name.count { check(ASCII.isToken(name[j]), "the field name \(name.string) is no token") }
        for j in 0..<value.count { check(ASCII.isFieldValue(value[j]), "a control character was accepted in \(name.string)") }
        check(value.trimmed.count == value.count, "the value of \(name.string) keeps white space around it")
        check(fields.known(at: i) == known(name), "\(name.string) is filed as \(fields.known(at: i))")
    }
}

/// The known field of that name, found by looking at every name.
private func known(_ name: ByteView) -> KnownField {
    let lower = name.string.lowercased()
    return KnownField.allCases.first { $0 != .other && "\($0.name)" == lower } ?? .other
}

/// The fields that stand, as text, to compare two messages.
package func text(_ fields: HeaderFields, without: Set<KnownField> = []) -> [String] {
    (0..<fields.count).filter { !fields.isRemoved(at: $0) && !without.contains(fields.known(at: $0)) }
        .map { fields.name(at: $0).string + ": " + fields.value(at: $0).string }
}
