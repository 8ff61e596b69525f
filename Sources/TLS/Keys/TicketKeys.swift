internal import COpenSSL
package import Reactor
private import Synchronization

/// The keys of session tickets (RFC 8446 §4.6.1, RFC 5077), shared by the event loops and kept over reloads, so that a
/// client can go on with its session wherever its next connection arrives.
///
/// A key seals tickets for twelve hours and opens them for another day: who has a key can read the sessions of TLS 1.2 that
/// were sealed with it, so none may live long.
package final class TicketKeys: Sendable {
    private let keys: Mutex<[Key]>
    private let now: @Sendable () -> Instant

    static let lifetime: Nanoseconds = .seconds(12 * 3600)
    /// The one that seals, and two that only open.
    static let kept = 3

    /// Looked up once: OpenSSL 3 would search its providers for every ticket.
    nonisolated(unsafe) private static let cipher: OpaquePointer? = unsafe EVP_CIPHER_fetch(nil, "AES-256-CBC", nil)

    private struct Key: Sendable {
        let memory: SecureMemory
        let made: Instant

        init?(made: Instant) {
            guard let memory = SecureMemory(count: Key.count) else { return nil }
            guard unsafe RAND_bytes(memory.bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), Int32(Key.count)) == 1 else { return nil }
            self.memory = memory
            self.made = made
        }

        var name: UnsafeMutableRawPointer? { unsafe memory.bytes.baseAddress }
        var cipher: UnsafeMutableRawPointer? { unsafe memory.bytes.baseAddress.map { unsafe $0 + 16 } }
        var authentication: UnsafeMutableRawPointer? { unsafe memory.bytes.baseAddress.map { unsafe $0 + 48 } }
        private static let count = 16 + 32 + 32
    }

    package init(clock: @escaping @Sendable () -> Instant = { Instant.now }) {
        now = clock
        keys = Mutex([])
    }

    /// The key that seals now, after a new one was made if it is time.
    private func current() -> Key? {
        let now = now()
        return keys.withLock { keys in
            if let first = keys.first, now - first.made < TicketKeys.lifetime { return first }
            guard let key = Key(made: now) else { return keys.first }
            keys = [key] + keys.prefix(TicketKeys.kept - 1)
            return key
        }
    }

    /// Sets up the sealing of a ticket; OpenSSL's answer to its callback.
    func seal(
        _ name: UnsafeMutablePointer<UInt8>, _ vector: UnsafeMutablePointer<UInt8>, _ cipher: OpaquePointer, _ authentication: OpaquePointer
    ) -> Int32 {
        guard let key = current(), let keyName = unsafe key.name else { return -1 }
        guard unsafe RAND_bytes(vector, 16) == 1 else { return -1 }
        unsafe UnsafeMutableRawPointer(name).copyMemory(from: keyName, byteCount: 16)
        guard unsafe EVP_EncryptInit_ex(cipher, TicketKeys.cipher, nil, key.cipher?.assumingMemoryBound(to: UInt8.self), vector) == 1
        else { return -1 }
        return unsafe sluice_authenticate_ticket(authentication, key.authentication) == 1 ? 1 : -1
    }

    /// Sets up the opening of a ticket: 0 when no key fits, 2 when the client is to get a new ticket.
    func open(
        _ name: UnsafePointer<UInt8>, _ vector: UnsafePointer<UInt8>, _ cipher: OpaquePointer, _ authentication: OpaquePointer
    ) -> Int32 {
        let now = now()
        let found: (Int, Key)? = keys.withLock { keys in
            for (i, key) in keys.enumerated() where now - key.made < TicketKeys.lifetime * Nanoseconds(TicketKeys.kept) {
                if let keyName = unsafe key.name, unsafe CRYPTO_memcmp(keyName, name, 16) == 0 { return (i, key) }
            }
            return nil
        }
        guard let (index, key) = found else { return 0 }
        guard unsafe sluice_authenticate_ticket(authentication, key.authentication) == 1,
            unsafe EVP_DecryptInit_ex(cipher, TicketKeys.cipher, nil, key.cipher?.assumingMemoryBound(to: UInt8.self), vector) == 1
        else { return -1 }
        return index == 0 ? 1 : 2
    }
}
