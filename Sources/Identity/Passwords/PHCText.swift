private import Primitives

/// The form that the Password Hashing Competition gave to hashes: `$id$v=N$name=number,…$salt$hash`, salt and hash in Base64
/// without padding. Parameters stand in the order of their function's specification, and all of them are there.
struct PHCText {
    private static let leastSalt = 8, leastHash = 16, mostBytes = 64

    let parameters: [UInt64]
    let salt: [UInt8]
    let hash: [UInt8]

    /// Nil: `text` is of another function than `id`.
    init?(_ text: String, id: String, version: String? = nil, parameters names: [String]) throws(PasswordHashError) {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count > 1, parts[0].isEmpty, parts[1] == id else { return nil }
        if let version {
            guard parts.count > 2, parts[2] == version else {
                throw PasswordHashError("the hash must be of \(id)'s current version, `\(version)`: make a new one with `sluice hash-password`")
            }
        }
        let shape = "$\(id)$\(version.map { $0 + "$" } ?? "")\(names.map { $0 + "=…" }.joined(separator: ","))$SALT$HASH"
        let first = version == nil ? 2 : 3
        guard parts.count == first + 3, let values = PHCText.values(parts[first], names) else {
            throw PasswordHashError("the hash is malformed: it must look like \(shape)")
        }
        guard let salt = PHCText.bytes(parts[first + 1]), let hash = PHCText.bytes(parts[first + 2]) else {
            throw PasswordHashError("salt or hash are malformed: they must be Base64 without padding, as in \(shape)")
        }
        guard salt.count >= PHCText.leastSalt, salt.count <= PHCText.mostBytes else {
            throw PasswordHashError("the salt of the hash must have \(PHCText.leastSalt) to \(PHCText.mostBytes) bytes")
        }
        guard hash.count >= PHCText.leastHash, hash.count <= PHCText.mostBytes else {
            throw PasswordHashError("the hash must have \(PHCText.leastHash) to \(PHCText.mostBytes) bytes: is it cut off?")
        }
        parameters = values
        self.salt = salt
        self.hash = hash
    }

    private static func values(_ text: Substring, _ names: [String]) -> [UInt64]? {
        let fields = text.split(separator: ",", omittingEmptySubsequences: false)
        guard fields.count == names.count else { return nil }
        var values: [UInt64] = []
        for (field, name) in zip(fields, names) {
            guard field.hasPrefix(name + "=") else { return nil }
            let digits = field.dropFirst(name.count + 1)
            // One way to write a number: no sign, no leading zeros.
            guard let first = digits.utf8.first, ASCII.isDigit(first), first != 0x30 || digits.utf8.count == 1 else { return nil }
            guard let value = UInt64(digits) else { return nil }
            values.append(value)
        }
        return values
    }

    private static func bytes(_ text: Substring) -> [UInt8]? {
        let buffer = ByteBuffer()
        let isRead = String(text).withView { Base64.decode($0, padding: .absent, into: buffer) }
        return isRead ? buffer.view.array : nil
    }

    static func base64(_ bytes: [UInt8]) -> String {
        let buffer = ByteBuffer()
        bytes.withView { Base64.encode($0, padding: .absent, into: buffer) }
        return buffer.view.string
    }
}
