private import CLinux
private import Glibc
package import Reactor

/// Listening sockets that the service manager opened for the gateway (sd_listen_fds(3)), or that its predecessor hands over:
/// descriptors from 3 on.
///
/// A listener takes the ones that bear its name (`FileDescriptorName=` of the socket unit); when there is none, the ones
/// that are bound to its address. Several belong to one listener when the unit uses `ReusePort=` or lists several.
package struct InheritedSockets {
    package struct Descriptor: Equatable, Sendable {
        package let handle: Int32
        /// Empty when the manager gave none.
        package let name: String
        /// Where it is bound; nil for what is not a stream socket that listens.
        package let address: SocketAddress?

        package init(handle: Int32, name: String, address: SocketAddress?) {
            self.handle = handle
            self.name = name
            self.address = address
        }
    }

    /// Those that nobody has taken.
    package private(set) var remaining: [Descriptor]

    package init(_ descriptors: [Descriptor] = []) { remaining = descriptors }

    /// The descriptors meant for this process, made non-blocking and closed on `exec`; the variables that name them are
    /// removed. To be called once, before other threads are started.
    ///
    /// - Parameter process: whom `LISTEN_PID` names when they are meant for this process.
    package static func fromEnvironment(_ environment: (String) -> String? = Environment.value, process: Int32 = getpid()) -> InheritedSockets {
        let entries = listed(environment, process: process)
        Environment.remove("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID")
        return InheritedSockets(
            entries.map { handle, name in
                Socket.makeNonBlocking(handle)
                return Descriptor(handle: handle, name: name, address: boundAddress(handle))
            })
    }

    /// What the variables say: descriptors and their names. Empty when they are meant for another process or malformed.
    static func listed(_ environment: (String) -> String?, process: Int32) -> [(handle: Int32, name: String)] {
        guard environment("LISTEN_PID").flatMap({ Int32($0) }) == process else { return [] }
        guard let count = environment("LISTEN_FDS").flatMap({ Int32($0) }), count > 0, count <= 4096 else { return [] }
        let names = environment("LISTEN_FDNAMES").map { $0.split(separator: ":", omittingEmptySubsequences: false) } ?? []
        return (0..<count).map { i in
            let name = Int(i) < names.count ? String(names[Int(i)]) : ""
            // "unknown" is what the manager writes for sockets without a name.
            return (3 + i, name == "unknown" ? "" : name)
        }
    }

    /// Takes the descriptors of a listener out of the set: by name, else by address. Empty: the listener opens its own.
    package mutating func take(name: String, address: SocketAddress) -> [Int32] {
        let named = take { $0.name == name && $0.address != nil }
        return named.isEmpty ? take(address: address) : named
    }

    package mutating func take(address: SocketAddress) -> [Int32] { take { $0.address == address } }

    private mutating func take(where belongs: (Descriptor) -> Bool) -> [Int32] {
        defer { remaining.removeAll(where: belongs) }
        return remaining.filter(belongs).map(\.handle)
    }

    /// Closes what no listener wanted.
    package mutating func closeRemaining() {
        for descriptor in remaining { close(descriptor.handle) }
        remaining = []
    }

    /// The address of a listening stream socket; nil for anything else.
    static func boundAddress(_ handle: Int32) -> SocketAddress? {
        guard option(handle, SO_ACCEPTCONN) == 1, option(handle, SO_TYPE) == Int32(SOCK_STREAM.rawValue) else { return nil }
        guard let address = Socket.localAddress(handle) else { return nil }
        guard case .unix = address else { return address }
        return unixPath(handle).map { .unix($0) }
    }

    private static func option(_ handle: Int32, _ name: Int32) -> Int32? {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(handle, SOL_SOCKET, name, &value, &length) == 0 ? value : nil
    }

    private static func unixPath(_ handle: Int32) -> String? {
        var address = sockaddr_un()
        var length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let code = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(handle, $0, &length) }
        }
        guard code == 0 else { return nil }
        let used = max(0, Int(length) - MemoryLayout<sa_family_t>.size)
        let bytes = withUnsafeBytes(of: &address.sun_path) { Array($0.prefix(used)) }
        return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
}
