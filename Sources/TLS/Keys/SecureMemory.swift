internal import COpenSSL

/// Memory for keys: locked where the limits allow it, between guard pages, in no core dump, wiped when it is freed.
@safe
final class SecureMemory: @unchecked Sendable {
    let bytes: UnsafeMutableRawBufferPointer

    /// Bytes for the keys of all contexts; a thousand RSA keys take two thirds of it.
    private static let heap = 4 << 20
    private static let isReady: Bool = CRYPTO_secure_malloc_init(heap, 32) != 0

    /// Keys that are read from now on live in such memory.
    static func prepare() { _ = isReady }

    init?(count: Int) {
        SecureMemory.prepare()
        guard let memory = unsafe sluice_secure_allocate(max(1, count)) else { return nil }
        unsafe bytes = UnsafeMutableRawBufferPointer(start: memory, count: count)
    }

    deinit { unsafe sluice_secure_free(bytes.baseAddress, bytes.count) }
}
