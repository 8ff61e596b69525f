import Primitives

/// Nonces that prove that a proof was made lately (RFC 9449 §9), without being remembered: each is a code of its time under a
/// secret. Gateways that have the same secret take each other's.
///
/// One for each event loop; not for several threads.
package final class DPoPNonces {
    private let hash: KeyedHash
    private let period: Int
    private var step = Int.min
    private var current = ""
    private var previous = ""

    /// - Parameter period: seconds for which a nonce is given out; it is taken for twice as long.
    package init(_ secret: KeyedHash.Secret, period: Int = 120) throws(CryptoError) {
        hash = try KeyedHash(secret)
        self.period = max(1, period)
    }

    /// The nonce to give out.
    package func nonce(now: Int) -> String {
        update(now)
        return current
    }

    package func accepts(_ nonce: String, now: Int) -> Bool {
        update(now)
        guard !current.isEmpty else { return false }
        return nonce == current || nonce == previous
    }

    private func update(_ now: Int) {
        let step = now / period
        guard step != self.step else { return }
        self.step = step
        current = code(step)
        previous = code(step - 1)
    }

    private func code(_ step: Int) -> String {
        let key = "dpop-nonce".withView { label in "\(step)".withView { hash.key(user: label, password: $0) } }
        guard let words = key?.words else { return "" }
        return Base64URL.encode([words.0, words.1].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64($0 * 8)) } })
    }
}
