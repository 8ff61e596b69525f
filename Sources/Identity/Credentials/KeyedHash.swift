private import COpenSSL
package import Primitives

/// 32 bytes that stand for a user and a password, in this process only.
package struct CredentialKey: Hashable, Sendable {
    package var words: (UInt64, UInt64, UInt64, UInt64)

    package init(words: (UInt64, UInt64, UInt64, UInt64)) { self.words = words }

    package static func == (a: CredentialKey, b: CredentialKey) -> Bool {
        // Without a way out in between; who does not know the secret could learn nothing from one either.
        (a.words.0 ^ b.words.0) | (a.words.1 ^ b.words.1) | (a.words.2 ^ b.words.2) | (a.words.3 ^ b.words.3) == 0
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}

/// Makes keys out of users and passwords: a message authentication code under a secret that no disk has ever seen, so that a
/// dump of a cache is worth nothing without the process's memory.
///
/// The code is BLAKE2s (RFC 7693 §2.9), which libcrypto computes in a context that is used again and again without
/// allocating. Its HMAC-SHA256, equally strong and as quick, allocates twice each time.
///
/// One for each event loop; not for several threads.
@safe
package final class KeyedHash {
    /// The same for all loops of a process, so that they agree about what is the same work.
    package struct Secret: Sendable, CustomStringConvertible, CustomReflectable {
        fileprivate let bytes: [UInt8]

        package static func random() throws(CryptoError) -> Secret { Secret(bytes: try Random.bytes(32)) }

        package init(bytes: [UInt8]) { self.bytes = bytes }
        package var description: String { "secret" }
        package var customMirror: Mirror { Mirror(self, children: []) }
    }

    private let context: OpaquePointer

    /// - Throws: when this libcrypto does not have the function (a FIPS-only one) or takes no key of this length.
    package init(_ secret: Secret) throws(CryptoError) {
        guard let function = unsafe EVP_MAC_fetch(nil, "BLAKE2SMAC", nil) else { throw CryptoError("BLAKE2SMAC") }
        // The context keeps the function alive.
        defer { unsafe EVP_MAC_free(function) }
        guard let context = unsafe EVP_MAC_CTX_new(function) else { throw CryptoError("EVP_MAC_CTX_new") }
        guard unsafe EVP_MAC_init(context, secret.bytes, secret.bytes.count, nil) == 1 else {
            unsafe EVP_MAC_CTX_free(context)
            throw CryptoError("EVP_MAC_init")
        }
        unsafe self.context = context
    }

    deinit { unsafe EVP_MAC_CTX_free(context) }

    /// The key of a user and a password. Nil only if libcrypto fails, which leaves nothing to look up.
    package func key(user: ByteView, password: ByteView) -> CredentialKey? {
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        // The length keeps ("ab", "c") and ("a", "bc") apart.
        var length = UInt64(user.count)
        var written = 0
        guard unsafe EVP_MAC_init(context, nil, 0, nil) == 1, unsafe withUnsafeBytes(of: &length, { unsafe update($0) }),
            unsafe update(user.buffer), unsafe update(password.buffer)
        else { return nil }
        let isDone = unsafe withUnsafeMutableBytes(of: &words) { words in
            unsafe EVP_MAC_final(context, words.baseAddress?.assumingMemoryBound(to: UInt8.self), &written, words.count) == 1
        }
        return isDone && written == 32 ? CredentialKey(words: words) : nil
    }

    private func update(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let base = bytes.baseAddress else { return true }
        return unsafe EVP_MAC_update(context, base.assumingMemoryBound(to: UInt8.self), bytes.count) == 1
    }
}
