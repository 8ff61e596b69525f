/// Seals what a cookie holds, so that the browser that keeps it can neither read nor change it.
///
/// Secrets are listed newest first: the first one seals, all of them open, so that a secret is replaced without logging anybody out.
package struct CookieSeal: Sendable {
    /// Shortest secret, in bytes: HKDF makes a key of the right length, but no strength.
    package static let leastSecret = 32

    private let keys: [SealingKey]

    /// - Parameter purpose: keeps the keys of different uses of one secret apart.
    package init(secrets: [[UInt8]], purpose: String) throws(CryptoError) {
        var keys: [SealingKey] = []
        for secret in secrets {
            guard secret.count >= CookieSeal.leastSecret else { throw CryptoError("HKDF from a secret of less than 32 bytes") }
            keys.append(try SealingKey(try KeyDerivation.sha256(secret, info: Array("sluice cookie \(purpose)".utf8))))
        }
        guard !keys.isEmpty else { throw CryptoError("HKDF without a secret") }
        self.keys = keys
    }

    /// The text of a cookie called `name`. Under another name it can't be opened.
    package func seal(_ bytes: [UInt8], name: String) throws(CryptoError) -> String {
        Base64URL.encode(try keys[0].seal(bytes, context: Array(name.utf8)))
    }

    /// What was sealed for a cookie of that name; nil for anything else.
    package func open(_ text: String, name: String) -> [UInt8]? {
        guard let sealed = Base64URL.decode(text) else { return nil }
        let context = Array(name.utf8)
        for key in keys {
            if let bytes = key.open(sealed, context: context) { return bytes }
        }
        return nil
    }
}
