package import Primitives

/// What a signature says of the body: the value of `x-amz-content-sha256`.
package enum SigV4Payload: Equatable, Sendable {
    /// Its SHA-256 digest.
    case digest([UInt8])
    /// Nothing.
    case unsigned
    /// The body is made of chunks that are signed each, perhaps with trailers that are signed too.
    case signedChunks(hasTrailers: Bool)
    /// The body is made of chunks that are not signed, with trailers.
    case unsignedChunks
    /// The field is left out, so the digest is that of the body, whatever it is.
    case unstated

    /// Nil: a form that is not known.
    init?(_ value: ByteView?) {
        guard let value else {
            self = .unstated
            return
        }
        if value == "UNSIGNED-PAYLOAD" {
            self = .unsigned
        } else if value == "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" {
            self = .signedChunks(hasTrailers: false)
        } else if value == "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" {
            self = .signedChunks(hasTrailers: true)
        } else if value == "STREAMING-UNSIGNED-PAYLOAD-TRAILER" {
            self = .unsignedChunks
        } else if value.count == 64, let digest = value.hexBytes {
            self = .digest(digest)
        } else {
            return nil
        }
    }

    /// As it stands in the canonical request; nil for `unstated`.
    package func write(to out: ByteBuffer) {
        switch self {
        case .digest(let digest): out.append(hexOf: digest)
        case .unsigned: out.append("UNSIGNED-PAYLOAD")
        case .signedChunks(hasTrailers: false): out.append("STREAMING-AWS4-HMAC-SHA256-PAYLOAD")
        case .signedChunks(hasTrailers: true): out.append("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER")
        case .unsignedChunks: out.append("STREAMING-UNSIGNED-PAYLOAD-TRAILER")
        case .unstated: break
        }
    }

    /// Of no bytes.
    package static let empty = SigV4Payload.digest([
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93,
        0x4c,
        0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
    ])
}
