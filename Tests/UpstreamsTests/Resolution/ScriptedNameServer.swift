import Glibc
import Synchronization

@testable import Upstreams

/// A name server on 127.0.0.1 that answers as a test says: on UDP with any number of datagrams, on TCP of the same port
/// with one message.
final class ScriptedNameServer: Sendable {
    struct Query: Sendable {
        let bytes: [UInt8]
        let isTCP: Bool
        var id: UInt16 { UInt16(bytes[0]) << 8 | UInt16(bytes[1]) }
        var question: ArraySlice<UInt8> { bytes[12...] }
        /// In dotted form.
        var name: String {
            var labels: [String] = []
            var at = 12
            while bytes[at] != 0 {
                labels.append(String(decoding: bytes[at + 1...at + Int(bytes[at])], as: UTF8.self))
                at += 1 + Int(bytes[at])
            }
            return labels.joined(separator: ".")
        }
        var isV6: Bool { bytes[bytes.count - 3] == 28 }

        /// A reply with the question and these records, whose owner is the name that was asked for.
        func reply(_ records: [[UInt8]] = [], code: UInt8 = 0, id: UInt16? = nil, truncated: Bool = false) -> [UInt8] {
            let id = id ?? self.id
            let flags: UInt8 = truncated ? 0x83 : 0x81
            let head = [UInt8(id >> 8), UInt8(id & 0xff), flags, 0x80 | code, 0, 1, 0, UInt8(records.count), 0, 0, 0, 0]
            return head + question + records.flatMap { $0 }
        }
    }

    typealias Script = @Sendable (Query) -> [[UInt8]]

    private let datagrams: Int32
    private let listener: Int32
    let port: UInt16
    private let script: Mutex<Script>
    private let log = Mutex<[Query]>([])
    private let stopped = Atomic<Bool>(false)

    init(_ script: @escaping Script) {
        (datagrams, listener, port) = ScriptedNameServer.open()
        self.script = Mutex(script)
        ScriptedNameServer.thread { [self] in serveDatagrams() }
        ScriptedNameServer.thread { [self] in serveStreams() }
    }

    func change(_ script: @escaping Script) { self.script.withLock { $0 = script } }

    var queries: [Query] { log.withLock { $0 } }

    func stop() {
        stopped.store(true, ordering: .relaxed)
        shutdown(datagrams, Int32(SHUT_RDWR))
        shutdown(listener, Int32(SHUT_RDWR))
    }

    static func a(_ address: (UInt8, UInt8, UInt8, UInt8), ttl: UInt32) -> [UInt8] {
        record([0xc0, 12], 1, ttl, [address.0, address.1, address.2, address.3])
    }

    static func aaaa(last: UInt8, ttl: UInt32) -> [UInt8] {
        record([0xc0, 12], 28, ttl, [0xfd] + [UInt8](repeating: 0, count: 14) + [last])
    }

    static func record(_ owner: [UInt8], _ type: UInt8, _ ttl: UInt32, _ data: [UInt8]) -> [UInt8] {
        let seconds = [24, 16, 8, 0].map { UInt8(ttl >> UInt32($0) & 0xff) }
        return owner + [0, type, 0, 1] + seconds + [UInt8(data.count >> 8), UInt8(data.count & 0xff)] + data
    }

    // MARK: Sockets

    private func answer(_ bytes: [UInt8], isTCP: Bool) -> [[UInt8]] {
        let query = Query(bytes: bytes, isTCP: isTCP)
        log.withLock { $0.append(query) }
        return script.withLock { $0 }(query)
    }

    private func serveDatagrams() {
        defer { close(datagrams) }
        while true {
            var bytes = [UInt8](repeating: 0, count: 1024)
            var peer = sockaddr_in()
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let count = withUnsafeMutablePointer(to: &peer) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { recvfrom(datagrams, &bytes, bytes.count, 0, $0, &length) }
            }
            if stopped.load(ordering: .relaxed) { return }
            guard count >= 17 else { continue }
            for reply in answer(Array(bytes[..<count]), isTCP: false) {
                _ = withUnsafePointer(to: &peer) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { sendto(datagrams, reply, reply.count, 0, $0, length) }
                }
            }
        }
    }

    private func serveStreams() {
        defer { close(listener) }
        while true {
            let peer = accept(listener, nil, nil)
            if peer < 0 { return }
            defer { close(peer) }
            var bytes = [UInt8](repeating: 0, count: 1024)
            let count = recv(peer, &bytes, bytes.count, 0)
            guard count >= 19 else { continue }
            for reply in answer(Array(bytes[2..<count]), isTCP: true) {
                let framed = [UInt8(reply.count >> 8), UInt8(reply.count & 0xff)] + reply
                send(peer, framed, framed.count, Int32(MSG_NOSIGNAL))
            }
        }
    }

    /// A datagram socket and a listening one on the same free port.
    private static func open() -> (Int32, Int32, UInt16) {
        while true {
            let datagrams = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
            let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let isBound = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(datagrams, $0, length) == 0 && getsockname(datagrams, $0, &length) == 0 && bind(listener, $0, length) == 0
                }
            }
            if isBound, listen(listener, 8) == 0 { return (datagrams, listener, UInt16(bigEndian: address.sin_port)) }
            close(datagrams)
            close(listener)
        }
    }

    private static func thread(_ body: @escaping @Sendable () -> Void) {
        final class Box: Sendable {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            {
                Unmanaged<Box>.fromOpaque($0!).takeRetainedValue().body()
                return nil
            }, Unmanaged.passRetained(Box(body)).toOpaque())
        pthread_detach(thread)
    }
}
