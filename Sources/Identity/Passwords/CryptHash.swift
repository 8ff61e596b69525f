private import CCrypt
private import COpenSSL
private import Glibc

/// A hash in a format of crypt(3), which libxcrypt computes.
struct CryptHash: Hashable, Sendable {
    enum Method: String, Sendable {
        case bcrypt
        case sha512 = "sha512-crypt"
        case scrypt
        case yescrypt
    }

    let method: Method
    let advice: String?
    let text: String
    /// Characters at the end of `text` that are the digest; before it stand the method, its cost and the salt.
    let digestLength: Int

    func verify(_ password: [UInt8]) -> Bool {
        guard let computed = CryptHash.compute(password, setting: text), computed.utf8.count == text.utf8.count else { return false }
        // The salts of some libraries set bits that don't count, and are written back without them.
        return ConstantTime.equal(Array(computed.utf8.suffix(digestLength)), Array(text.utf8.suffix(digestLength)))
    }

    /// Passwords longer than this don't count to the end.
    private static let longestBcrypt = 72

    static func makeBcrypt(_ password: [UInt8], cost: UInt) throws(PasswordHashError) -> String {
        guard password.count <= longestBcrypt else {
            throw PasswordHashError("bcrypt takes only the first \(longestBcrypt) bytes of a password: use argon2id")
        }
        guard !password.contains(0) else { throw PasswordHashError("bcrypt takes no password with a NUL: use argon2id") }
        var setting = [CChar](repeating: 0, count: Int(CRYPT_GENSALT_OUTPUT_SIZE))
        // Without bytes to begin with, the library asks the system for random ones.
        guard unsafe crypt_gensalt_rn("$2b$", cost, nil, 0, &setting, CRYPT_GENSALT_OUTPUT_SIZE) != nil,
            let hash = unsafe setting.withUnsafeBufferPointer({ setting in
                unsafe setting.baseAddress.flatMap { unsafe compute(password, setting: String(cString: $0)) }
            })
        else { throw PasswordHashError("bcrypt could not be computed: is there no memory left?") }
        return hash
    }

    /// Nil: no memory, or a password that the format can't take.
    private static func compute(_ password: [UInt8], setting: String) -> String? {
        let longest = Int(CRYPT_MAX_PASSPHRASE_SIZE)
        guard password.count < longest, !password.contains(0) else { return nil }
        // The library's scratch, and behind it the password with a NUL.
        let size = MemoryLayout<crypt_data>.size
        guard let scratch = unsafe calloc(1, size + longest) else { return nil }
        defer {
            unsafe OPENSSL_cleanse(scratch, size + longest)
            unsafe free(scratch)
        }
        let phrase = unsafe scratch + size
        unsafe phrase.copyMemory(from: password, byteCount: password.count)
        guard let computed = unsafe crypt_rn(phrase.assumingMemoryBound(to: CChar.self), setting, scratch, Int32(clamping: size)) else {
            return nil
        }
        return unsafe String(cString: computed)
    }
}
