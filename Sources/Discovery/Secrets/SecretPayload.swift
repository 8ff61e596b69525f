import Primitives
import Reactor

/// What a source holds under one path.
struct SecretPayload: Equatable, Sendable {
    /// The secret as a whole, where it is text.
    var whole: String?
    var fields: [String: String] = [:]
    var lease: SecretLease?

    /// The value that a reference asks for.
    func value(_ field: String?) -> Result<String, SecretFailure> {
        if let field {
            if let value = fields[field] { return .success(value) }
            return .failure(.missing("the secret has no field `\(field)`", remedy: fields.isEmpty ? "it has no fields at all" : "it has \(names)"))
        }
        if let whole { return .success(whole) }
        if fields.count == 1, let only = fields.first { return .success(only.value) }
        return .failure(
            .missing("the secret has several fields", remedy: fields.isEmpty ? "it is empty" : "append `#` and one of them: \(names)"))
    }

    private var names: String { fields.keys.sorted().map { "`\($0)`" }.joined(separator: ", ") }

    /// The members of an object as fields; what is no string is written as JSON.
    static func fields(of object: JSONObject) -> [String: String] {
        var fields: [String: String] = [:]
        for (name, value) in object.members where !value.isNull { fields[name] = value.string ?? String(decoding: value.bytes, as: UTF8.self) }
        return fields
    }
}

/// For how long a value was lent.
struct SecretLease: Equatable, Sendable {
    var id: String
    var isRenewable: Bool
    /// The time by which it has to be renewed, or another value fetched: two thirds of what was granted.
    var due: Instant
    var end: Instant
    private let granted: Nanoseconds

    /// - Parameter seconds: as the source has granted; a year at most is believed.
    init(id: String, isRenewable: Bool, seconds: Int, now: Instant) {
        granted = Nanoseconds.seconds(min(max(seconds, 1), 31_536_000))
        self.id = id
        self.isRenewable = isRenewable
        due = now + granted / 3 * 2
        end = now + granted
    }

    /// Whether this one, which a renewal has given in the other's place, lasts notably longer: near the longest lease it is
    /// renewed for what is left of it.
    func outlasts(_ old: SecretLease) -> Bool { end > old.end + old.granted / 10 }
}
