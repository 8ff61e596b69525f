import Identity
import Primitives

/// Tokens and subjects that count no more before they expire, as a JSON document:
///
///     { "jti": ["4f1c…"], "sub": ["mallory", { "sub": "alice", "issuedBefore": 1764000000 }] }
struct RevocationList: Sendable {
    private let tokens: Set<[UInt8]>
    /// To the second before which a token must not have been issued; nil: none counts.
    private let subjects: [[UInt8]: Int?]

    /// Of its text.
    static let mostBytes = 64 << 20

    static func parse(_ text: [UInt8]) -> Result<RevocationList, LoadFailure> {
        do throws(JSONError) {
            return read(try JSON.parse(text, limits: JSONLimits(depth: 4, bytes: mostBytes, values: 2_000_000)))
        } catch {
            return .failure(LoadFailure("the list is no JSON: \(error)"))
        }
    }

    private static func read(_ json: JSON) -> Result<RevocationList, LoadFailure> {
        guard let object = json.object, object.members.allSatisfy({ $0.name == "jti" || $0.name == "sub" }) else {
            return .failure(LoadFailure("the list must be an object with `jti`, `sub`, or both"))
        }
        guard let tokens = object["jti"].map({ $0.strings }) ?? [] else { return .failure(LoadFailure("`jti` must be a list of texts")) }
        var subjects: [[UInt8]: Int?] = [:]
        for entry in object["sub"].map({ $0.array ?? [.null] }) ?? [] {
            if let name = entry.string {
                subjects[Array(name.utf8)] = .some(nil)
            } else if let name = entry["sub"]?.string, let before = entry["issuedBefore"]?.int {
                subjects[Array(name.utf8)] = before
            } else {
                return .failure(LoadFailure("`sub` must be a list of texts and of objects with `sub` and `issuedBefore`"))
            }
        }
        return .success(RevocationList(tokens: Set(tokens.map { Array($0.utf8) }), subjects: subjects))
    }

    /// Whether a token with these claims is revoked. One that doesn't say when it was issued was issued too early.
    func revokes(_ claims: JSONObject) -> Bool {
        if let id = claims["jti"]?.string, tokens.contains(Array(id.utf8)) { return true }
        guard let subject = claims["sub"]?.string, let entry = subjects[Array(subject.utf8)] else { return false }
        guard let before = entry else { return true }
        guard let issued = try? claims.date("iat") else { return true }
        return issued < before
    }
}
