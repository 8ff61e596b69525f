import Primitives
import TLS

/// A script of Lua that runs on the server as one step, called by its digest (EVALSHA); a server that does not know it yet is sent
/// its text once.
package final class RedisScript: Sendable {
    let source: [UInt8]
    /// SHA-1 of the source, in hexadecimal digits.
    let digest: [UInt8]

    package init(_ source: String) {
        self.source = Array(source.utf8)
        let out = ByteBuffer()
        self.source.withView { SHA1.digest($0, into: out) }
        digest = out.view.array.flatMap { [RedisScript.digit($0 >> 4), RedisScript.digit($0 & 15)] }
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 &+ value : 0x57 &+ value }

    /// The same call with the script's text in place of its digest (EVAL), from the bytes of a call by digest.
    func withSource(_ call: ByteView) -> [UInt8]? {
        guard let line = call.firstIndex(of: 0x0d) else { return nil }
        let behind = line &+ 2 &+ "$7\r\nEVALSHA\r\n$40\r\n".utf8.count &+ digest.count
        guard behind <= call.count else { return nil }
        let out = ByteBuffer(capacity: call.count + source.count)
        out.append(call.prefix(line &+ 2))
        out.append("$4\r\nEVAL\r\n$")
        out.append(decimal: source.count)
        out.append("\r\n")
        source.withView { out.append($0) }
        out.append(call.dropFirst(behind))
        return out.view.array
    }
}
