/// What verifying one password of a memory-hard function takes.
struct MemoryCost: Hashable, Sendable {
    /// Bytes that are held, and bytes that are written until the hash is known, which is what time goes into.
    let held: UInt64
    let written: UInt64

    /// A verification must not take a noticeable part of the machine's memory, nor more than some seconds.
    private static let mostHeld: UInt64 = 1 << 30
    private static let mostWritten: UInt64 = 4 << 30
    /// Under this, a password is guessed as quickly as with a plain digest.
    private static let leastWritten: UInt64 = 8 << 20
    /// What scrypt and yescrypt take by default, and half of the least that OWASP recommends for argon2id.
    private static let recommended: UInt64 = 16 << 20

    /// `held` bytes, filled `passes` times. Products that do not fit in 64 bits are to be passed as `UInt64.max`.
    init(held: UInt64, passes: UInt64) throws(PasswordHashError) {
        let (written, overflow) = held.multipliedReportingOverflow(by: passes)
        guard held <= MemoryCost.mostHeld else {
            throw PasswordHashError("the hash asks for more than 1 GiB of memory for each verification: make one with a lower cost")
        }
        guard !overflow, written <= MemoryCost.mostWritten else {
            throw PasswordHashError("each verification of the hash would take many seconds: make one with a lower cost")
        }
        guard written >= MemoryCost.leastWritten else {
            throw PasswordHashError("the cost of the hash is so low that its password is guessed quickly: make one with `sluice hash-password`")
        }
        self.held = held
        self.written = written
    }

    var advice: String? {
        guard written < MemoryCost.recommended else { return nil }
        return "the cost of the hash is lower than recommended: make a new one with `sluice hash-password`"
    }
}

extension UInt64 {
    /// The product, or the largest number if it is larger.
    func multipliedClamping(by other: UInt64) -> UInt64 {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? .max : product
    }
}
