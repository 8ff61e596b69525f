internal import COpenSSL
package import Primitives

/// SHA-1 (FIPS 180-4), for the one thing that still needs it: `Sec-WebSocket-Accept`, which proves that a server speaks
/// WebSocket and protects nothing.
package enum SHA1 {
    /// The 20 bytes of the digest, appended to `out`. Nothing where the library refuses SHA-1.
    package static func digest(_ message: ByteView, into out: ByteBuffer) {
        var digest = InlineArray<20, UInt8>(repeating: 0)
        var bytes = digest.mutableSpan
        let isDone = unsafe bytes.withUnsafeMutableBufferPointer { to in
            unsafe EVP_Digest(message.buffer.baseAddress, message.count, to.baseAddress, nil, EVP_sha1(), nil) == 1
        }
        guard isDone else { return }
        for i in 0..<digest.count { out.append(byte: digest[i]) }
    }
}
