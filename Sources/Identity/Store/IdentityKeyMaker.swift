private import COpenSSL
package import Primitives

/// Makes keys for looking credentials up, in a context of libcrypto that is used again and again: nothing is allocated.
///
/// One for each event loop; not for several threads.
@safe
package final class IdentityKeyMaker {
    private let context: OpaquePointer

    /// - Throws: when this libcrypto has no SHA-256.
    package init() throws(CryptoError) {
        guard let context = unsafe EVP_MD_CTX_new() else { throw CryptoError("EVP_MD_CTX_new") }
        guard unsafe EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            unsafe EVP_MD_CTX_free(context)
            throw CryptoError("EVP_DigestInit_ex")
        }
        unsafe self.context = context
    }

    deinit { unsafe EVP_MD_CTX_free(context) }

    /// Of an API key. Nil, here and below, only if libcrypto fails, which leaves nothing to look up.
    package func apiKey(_ key: ByteView) -> IdentityKey? {
        guard begin(), unsafe update(key.buffer) else { return nil }
        return finish(.apiKey)
    }

    package func basic(user: ByteView) -> IdentityKey? { named(.basic, 0, user) }

    /// - Parameter issuer: nil for a credential of any issuer.
    package func jwtClaim(_ name: ByteView, value: ByteView, issuer: ByteView?) -> IdentityKey? {
        named(.jwtClaim, issuer == nil ? 0 : 1, name, value, issuer ?? ByteView())
    }

    /// - Parameter value: as it stands in the certificate; of a fingerprint, the 32 bytes.
    package func certificate(_ form: IdentityKey.CertificateForm, _ value: ByteView) -> IdentityKey? { named(.certificate, form.rawValue, value) }

    package func hmac(keyID: ByteView) -> IdentityKey? { named(.hmac, 0, keyID) }

    /// The kind first, which no API key begins with, and the length of each part before it: ("ab", "c") is not ("a", "bc").
    private func named(
        _ kind: CredentialKind, _ form: UInt8, _ first: ByteView, _ second: ByteView = ByteView(), _ third: ByteView = ByteView()
    ) -> IdentityKey? {
        var head = UInt16(kind.rawValue) << 8 | UInt16(form)
        guard begin(), unsafe withUnsafeBytes(of: &head, { unsafe update($0) }), part(first), part(second), part(third) else { return nil }
        return finish(kind)
    }

    private func part(_ bytes: ByteView) -> Bool {
        var length = UInt64(bytes.count).littleEndian
        return unsafe withUnsafeBytes(of: &length) { unsafe update($0) } && update(bytes.buffer)
    }

    private func begin() -> Bool { unsafe EVP_DigestInit_ex(context, nil, nil) == 1 }

    private func update(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let base = bytes.baseAddress else { return true }
        return unsafe EVP_DigestUpdate(context, base, bytes.count) == 1
    }

    private func finish(_ kind: CredentialKind) -> IdentityKey? {
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        var written: UInt32 = 0
        let isDone = unsafe withUnsafeMutableBytes(of: &words) { words in
            unsafe EVP_DigestFinal_ex(context, words.baseAddress?.assumingMemoryBound(to: UInt8.self), &written) == 1
        }
        guard isDone, written == 32 else { return nil }
        let digest = CredentialKey(words: (words.0.bigEndian, words.1.bigEndian, words.2.bigEndian, words.3.bigEndian))
        return IdentityKey(kind, digest: digest)
    }
}
