private import COpenSSL

/// Scrypt (RFC 7914) as a PHC string: `$scrypt$ln=15,r=8,p=1$salt$hash`, with `ln` the logarithm of N.
struct ScryptHash: Hashable, Sendable {
    struct Parameters: Hashable, Sendable {
        let logN: UInt64
        let r: UInt64
        let p: UInt64

        static let recommended = Parameters(logN: 17, r: 8, p: 1)
    }

    let cost: MemoryCost
    private let parameters: Parameters
    private let salt: [UInt8]
    private let hash: [UInt8]

    /// Nil: the text is of another function.
    init?(parsing text: String) throws(PasswordHashError) {
        guard let phc = try PHCText(text, id: "scrypt", parameters: ["ln", "r", "p"]) else { return nil }
        parameters = Parameters(logN: phc.parameters[0], r: phc.parameters[1], p: phc.parameters[2])
        cost = try ScryptHash.cost(logN: parameters.logN, r: parameters.r, p: parameters.p)
        salt = phc.salt
        hash = phc.hash
    }

    /// The cost of scrypt, in any of its forms.
    static func cost(logN: UInt64, r: UInt64, p: UInt64) throws(PasswordHashError) -> MemoryCost {
        guard logN > 0, r > 0, p > 0 else { throw PasswordHashError("the parameters of the scrypt hash are out of range: all are at least 1") }
        // N is smaller than 2^(128 r / 8), which the least r, 1, makes 2^16 (§2).
        guard r > 1 || logN < 16 else { throw PasswordHashError("N of the scrypt hash is too large for its r: make one with r=8") }
        let n: UInt64 = logN < 63 ? 1 << logN : .max
        return try MemoryCost(held: n.multipliedClamping(by: 128).multipliedClamping(by: r), passes: p)
    }

    func verify(_ password: [UInt8]) -> Bool {
        guard let computed = ScryptHash.compute(password, salt: salt, parameters, length: hash.count) else { return false }
        return ConstantTime.equal(computed, hash)
    }

    static func make(_ password: [UInt8]) throws(PasswordHashError) -> String {
        let salt = try Random.salt()
        let parameters = Parameters.recommended
        guard let hash = compute(password, salt: salt, parameters, length: 32) else {
            throw PasswordHashError("scrypt could not be computed: is there no memory left?")
        }
        return "$scrypt$ln=\(parameters.logN),r=\(parameters.r),p=\(parameters.p)$\(PHCText.base64(salt))$\(PHCText.base64(hash))"
    }

    /// Nil: no memory.
    private static func compute(_ password: [UInt8], salt: [UInt8], _ parameters: Parameters, length: Int) -> [UInt8]? {
        // Blocks for p and some scratch come on top of what the cost counts.
        let mostMemory: UInt64 = 3 << 30
        var hash = [UInt8](repeating: 0, count: length)
        let isComputed = unsafe password.withUnsafeBytes { password in
            unsafe EVP_PBE_scrypt(
                password.baseAddress?.assumingMemoryBound(to: CChar.self), password.count, salt, salt.count,
                1 << parameters.logN, parameters.r, parameters.p, mostMemory, &hash, length)
        }
        return isComputed == 1 ? hash : nil
    }
}
