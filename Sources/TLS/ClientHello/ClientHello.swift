package import Primitives

/// What a client says of itself in the first message of TLS (RFC 8446 §4.1.2), read without taking part in the handshake.
package struct ClientHello {
    /// The host that the client wants (RFC 6066 §3), as it was sent; empty when it named none.
    package var serverName = ByteView()
    /// The body of the ALPN extension's list (RFC 7301 §3.1), checked: names, each behind its length of one byte.
    fileprivate var protocolList = ByteView()

    package enum Result {
        /// What has come may be the beginning of a ClientHello.
        case incomplete
        /// Something else than a handshake of TLS.
        case notTLS
        /// The reason is for people.
        case malformed(StaticString)
        /// The views are of the input, or of `scratch`.
        case hello(ClientHello)
    }

    /// Most bytes that are waited for: browsers with post-quantum keys need two thousand.
    package static let mostBytes = 16 << 10

    /// Reads the message from the first bytes of a connection, in however many records it stands.
    ///
    /// Allocates nothing of its own: a message in one record is read in place, the pieces of several are put together in
    /// `scratch`, whose contents are replaced. More bytes never change a result other than `.incomplete`.
    package static func parse(_ bytes: ByteView, scratch: ByteBuffer) -> Result {
        var assembly = RecordAssembly(bytes)
        while true {
            switch assembly.next(into: scratch) {
            case .incomplete: return bytes.count >= mostBytes ? .malformed("The ClientHello is too long.") : .incomplete
            case .notTLS: return .notTLS
            case .malformed(let reason): return .malformed(reason)
            case .more: continue
            case .message(let body): return parse(body: body)
            }
        }
    }

    /// Calls `body` with each protocol that the client offers, in its order, until it answers false.
    package func forEachProtocol(_ body: (ByteView) -> Bool) {
        var rest = ExtensionReader(protocolList)
        while !rest.isEmpty, let name = rest.vector8() { if !body(name) { return } }
    }

    /// The message behind its four bytes of header, in the order of the structure.
    private static func parse(body: ByteView) -> Result {
        var reader = ExtensionReader(body)
        guard let version = reader.number16(), version >> 8 == 3 else { return .malformed("The version is not one of TLS.") }
        guard reader.skip(32) else { return .malformed("The random bytes are cut short.") }
        guard let session = reader.vector8(), session.count <= 32 else { return .malformed("The session id is malformed.") }
        guard let suites = reader.vector16(), suites.count >= 2, suites.count % 2 == 0 else {
            return .malformed("The cipher suites are malformed.")
        }
        guard let compression = reader.vector8(), !compression.isEmpty else { return .malformed("The compression methods are malformed.") }
        var hello = ClientHello()
        // Clients of TLS 1.2 may end here.
        if reader.isEmpty { return .hello(hello) }
        guard let extensions = reader.vector16(), reader.isEmpty else { return .malformed("The extensions have the wrong length.") }
        if let reason = hello.read(extensions) { return .malformed(reason) }
        return .hello(hello)
    }

    private mutating func read(_ extensions: ByteView) -> StaticString? {
        var reader = ExtensionReader(extensions)
        var hasName = false, hasProtocols = false
        while !reader.isEmpty {
            guard let type = reader.number16(), let content = reader.vector16() else { return "An extension is cut short." }
            switch type {
            case 0:
                guard !hasName else { return "The server name stands there twice." }
                hasName = true
                guard let name = ClientHello.serverName(content) else { return "The server name is malformed." }
                serverName = name
            case 16:
                guard !hasProtocols else { return "The protocols stand there twice." }
                hasProtocols = true
                guard let list = ClientHello.protocols(content) else { return "The protocols are malformed." }
                protocolList = list
            default: break
            }
        }
        return nil
    }

    /// One name of the only type there is: a host. Nothing that a log or a table could stumble over is let through.
    static func serverName(_ content: ByteView) -> ByteView? {
        var outer = ExtensionReader(content)
        guard let list = outer.vector16(), outer.isEmpty else { return nil }
        var reader = ExtensionReader(list)
        guard reader.number8() == 0, let name = reader.vector16(), reader.isEmpty, (1...255).contains(name.count) else { return nil }
        for i in 0..<name.count where name[i] <= 0x20 || name[i] >= 0x7f { return nil }
        return name
    }

    static func protocols(_ content: ByteView) -> ByteView? {
        var outer = ExtensionReader(content)
        guard let list = outer.vector16(), outer.isEmpty, !list.isEmpty else { return nil }
        var reader = ExtensionReader(list)
        while !reader.isEmpty {
            guard let name = reader.vector8(), !name.isEmpty else { return nil }
        }
        return list
    }
}
