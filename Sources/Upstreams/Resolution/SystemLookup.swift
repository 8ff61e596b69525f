private import Glibc
import Primitives

/// The resolver of the C library, which knows what nsswitch.conf(5) names. It waits, and says no time to live.
enum SystemLookup {
    /// Nil when there are none.
    static func addresses(of host: String) -> [IPAddress]? {
        var hints = unsafe addrinfo()
        unsafe hints.ai_family = AF_UNSPEC
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, nil, &hints, &list) == 0 else { return nil }
        defer { unsafe freeaddrinfo(list) }
        var found: [IPAddress] = []
        var next = unsafe list
        while let entry = unsafe next {
            if let raw = unsafe entry.pointee.ai_addr, let address = unsafe address(UnsafeRawPointer(raw)) { found.append(address) }
            unsafe next = entry.pointee.ai_next
        }
        return found.isEmpty ? nil : found
    }

    /// Of any `sockaddr`, which begins with its family.
    private static func address(_ bytes: UnsafeRawPointer) -> IPAddress? {
        switch unsafe Int32(bytes.loadUnaligned(as: sa_family_t.self)) {
        case AF_INET: return unsafe IPAddress(v4: UInt32(bigEndian: bytes.loadUnaligned(as: sockaddr_in.self).sin_addr.s_addr))
        case AF_INET6: return unsafe IPAddress(bytes.loadUnaligned(as: sockaddr_in6.self).sin6_addr)
        default: return nil
        }
    }
}
