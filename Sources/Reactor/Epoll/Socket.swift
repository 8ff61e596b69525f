private import CLinux
private import Glibc
private import Primitives

/// Making sockets. Every one is non-blocking and closed on `exec`.
package enum Socket {
    package struct ListenOptions: Sendable {
        /// Longest queue of connections that wait to be accepted.
        package var backlog: Int32 = 4096
        /// Several sockets on the same address, one for each loop; the kernel spreads connections over them.
        package var reusePort = true
        package init() {}
    }

    /// A listening socket. A socket file left behind by a process that is gone is replaced.
    package static func listen(on address: SocketAddress, _ options: ListenOptions = ListenOptions()) throws(SystemError) -> Int32 {
        let handle = socket(address.family, stream, 0)
        guard handle >= 0 else { throw SystemError("socket") }
        if case .unix(let path) = address {
            if isAbandoned(path) { unsafe unlink(path) }
        } else {
            set(handle, SOL_SOCKET, SO_REUSEADDR, 1)
            if options.reusePort { set(handle, SOL_SOCKET, SO_REUSEPORT, 1) }
            if address.family == AF_INET6 { set(handle, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1) }
        }
        let bound = unsafe address.withRaw { unsafe Glibc.bind(handle, $0, $1) }
        guard bound == 0 else {
            let error = SystemError("bind \(address)")
            close(handle)
            throw error
        }
        guard Glibc.listen(handle, options.backlog) == 0 else {
            let error = SystemError("listen \(address)")
            close(handle)
            throw error
        }
        return handle
    }

    /// Listening sockets for `count` event loops on the same address. With port 0 all get the port that the first got.
    package static func listen(on address: SocketAddress, sockets count: Int) throws(SystemError) -> [Int32] {
        let first = try listen(on: address)
        guard case .ip(let ip, _) = address else { return try share(first, among: count) }
        var handles = [first]
        let port = localAddress(first)?.port ?? 0
        while handles.count < count {
            do throws(SystemError) {
                handles.append(try listen(on: .ip(ip, port: port)))
            } catch {
                for handle in handles { close(handle) }
                throw error
            }
        }
        return handles
    }

    /// One listening socket for `count` event loops: each accepts from it.
    package static func share(_ handle: Int32, among count: Int) throws(SystemError) -> [Int32] { try share([handle], among: count) }

    /// Listening sockets for `count` event loops: when there are fewer, some loops accept from the same. All are kept.
    package static func share(_ given: [Int32], among count: Int) throws(SystemError) -> [Int32] {
        for handle in given { makeNonBlocking(handle) }
        var handles = given
        while !given.isEmpty, handles.count < count {
            let copy = fcntl(given[handles.count % given.count], F_DUPFD_CLOEXEC, 3)
            guard copy >= 0 else { throw SystemError("fcntl") }
            handles.append(copy)
        }
        return handles
    }

    package static func close(_ handle: Int32) { _ = Glibc.close(handle) }

    /// The address that a socket is bound to.
    package static func localAddress(_ handle: Int32) -> SocketAddress? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let code = unsafe withUnsafeMutablePointer(to: &storage) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe getsockname(handle, $0, &length) }
        }
        return code == 0 ? SocketAddress(storage) : nil
    }

    /// What the connections of a listening socket get from it; without effect on sockets that are not TCP's.
    static func prepare(_ listener: Int32, clientSpeaksFirst: Bool) {
        // Inherited by what is accepted: tcp(7).
        set(listener, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        if clientSpeaksFirst { set(listener, Int32(IPPROTO_TCP), TCP_DEFER_ACCEPT, 1) }
    }

    enum Accepted {
        case connection(handle: Int32, peer: SocketAddress)
        /// Nobody waits, or the one who waited has left.
        case nobody
        /// The process or the machine has no descriptors or memory left for it.
        case exhausted
    }

    static func accept(_ listener: Int32) -> Accepted {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let handle = unsafe withUnsafeMutablePointer(to: &storage) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe accept4(listener, $0, &length, Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue))
            }
        }
        guard handle >= 0 else {
            switch errno {
            case EMFILE, ENFILE, ENOBUFS, ENOMEM: return .exhausted
            default: return .nobody
            }
        }
        return .connection(handle: handle, peer: SocketAddress(storage) ?? .unix(""))
    }

    /// What is written leaves at once: the gateway gathers by itself.
    static func sendAtOnce(_ handle: Int32) { set(handle, Int32(IPPROTO_TCP), TCP_NODELAY, 1) }

    static func connect(to address: SocketAddress) throws(SystemError) -> Int32 {
        let handle = socket(address.family, stream, 0)
        guard handle >= 0 else { throw SystemError("socket") }
        if case .ip = address { sendAtOnce(handle) }
        let code = unsafe address.withRaw { unsafe Glibc.connect(handle, $0, $1) }
        guard code == 0 || errno == EINPROGRESS else {
            let error = SystemError("connect")
            close(handle)
            throw error
        }
        return handle
    }

    package static func makeNonBlocking(_ handle: Int32) {
        _ = fcntl(handle, F_SETFL, fcntl(handle, F_GETFL) | O_NONBLOCK)
        _ = fcntl(handle, F_SETFD, FD_CLOEXEC)
    }

    private static var stream: Int32 {
        Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    }

    private static func set(_ handle: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        unsafe setsockopt(handle, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Whether nobody listens on the socket file at `path` any more.
    private static func isAbandoned(_ path: String) -> Bool {
        var status = stat()
        guard unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return false }
        let probe = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(probe) }
        return unsafe SocketAddress.unix(path).withRaw { unsafe Glibc.connect(probe, $0, $1) } != 0 && errno == ECONNREFUSED
    }
}
