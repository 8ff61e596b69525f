private import CArgon2

/// Argon2id, version 1.3 (RFC 9106).
struct Argon2Hash: Hashable, Sendable {
    struct Parameters: Hashable, Sendable {
        /// KiB, passes over them, and lanes that one pass may be divided among.
        let memory: UInt32
        let passes: UInt32
        let lanes: UInt32

        /// The second of the recommended options of RFC 9106 §4: 64 MiB, three times.
        static let recommended = Parameters(memory: 64 << 10, passes: 3, lanes: 4)
    }

    let cost: MemoryCost
    private let parameters: Parameters
    private let salt: [UInt8]
    private let hash: [UInt8]

    /// Nil: the text is of another function.
    init?(parsing text: String) throws(PasswordHashError) {
        guard let phc = try PHCText(text, id: "argon2id", version: "v=19", parameters: ["m", "t", "p"]) else { return nil }
        cost = try MemoryCost(held: phc.parameters[0].multipliedClamping(by: 1024), passes: phc.parameters[1])
        guard let memory = UInt32(exactly: phc.parameters[0]), let passes = UInt32(exactly: phc.parameters[1]),
            let lanes = UInt32(exactly: phc.parameters[2]), (1...255).contains(lanes), memory >= 8 * lanes
        else {
            throw PasswordHashError("the parameters of the argon2id hash are out of range: p is 1 to 255, m at least eight times p")
        }
        parameters = Parameters(memory: memory, passes: passes, lanes: lanes)
        salt = phc.salt
        hash = phc.hash
    }

    func verify(_ password: [UInt8]) -> Bool {
        guard let computed = Argon2Hash.compute(password, salt: salt, parameters, length: hash.count) else { return false }
        return ConstantTime.equal(computed, hash)
    }

    static func make(_ password: [UInt8]) throws(PasswordHashError) -> String {
        let salt = try Random.salt()
        let parameters = Parameters.recommended
        guard let hash = compute(password, salt: salt, parameters, length: 32) else {
            throw PasswordHashError("argon2id could not be computed: is there no memory left?")
        }
        let numbers = "m=\(parameters.memory),t=\(parameters.passes),p=\(parameters.lanes)"
        return "$argon2id$v=19$\(numbers)$\(PHCText.base64(salt))$\(PHCText.base64(hash))"
    }

    /// Nil: no memory. All lanes are computed by the calling thread, so that the number of threads that hash stays what it is.
    private static func compute(_ password: [UInt8], salt: [UInt8], _ parameters: Parameters, length: Int) -> [UInt8]? {
        // The library takes pointers to mutable bytes, and changes them only when its flags say so.
        var password = password, salt = salt
        var hash = [UInt8](repeating: 0, count: length)
        let code = unsafe password.withUnsafeMutableBufferPointer { password in
            unsafe salt.withUnsafeMutableBufferPointer { salt in
                unsafe hash.withUnsafeMutableBufferPointer { hash in
                    var context = unsafe argon2_context()
                    unsafe context.out = hash.baseAddress
                    unsafe context.outlen = UInt32(clamping: hash.count)
                    unsafe context.pwd = password.baseAddress
                    unsafe context.pwdlen = UInt32(clamping: password.count)
                    unsafe context.salt = salt.baseAddress
                    unsafe context.saltlen = UInt32(clamping: salt.count)
                    unsafe context.t_cost = parameters.passes
                    unsafe context.m_cost = parameters.memory
                    unsafe context.lanes = parameters.lanes
                    unsafe context.threads = 1
                    unsafe context.version = ARGON2_VERSION_13.rawValue
                    return unsafe argon2_ctx(&context, Argon2_id)
                }
            }
        }
        return code == ARGON2_OK.rawValue ? hash : nil
    }
}
