import GatewayCore
import Primitives

/// Escaped slashes in normalised paths, where escapes are in upper case.
enum EncodedSlash {
    static func isIn(_ path: ByteView) -> Bool {
        var at = 0
        while let hit = path.firstIndex(of: UInt8(ascii: "%"), from: at) {
            if path[hit..<path.count].hasPrefix("%2F") { return true }
            at = hit + 1
        }
        return false
    }

    /// Replaces the path by one in which they are slashes, normalised again. False: it would be malformed.
    static func decode(_ request: RequestHead) -> Bool {
        let decoded = ByteBuffer(capacity: request.path.count)
        let path = request.path
        var at = 0
        while at < path.count {
            if path[at..<path.count].hasPrefix("%2F") {
                decoded.append(byte: UInt8(ascii: "/"))
                at += 3
            } else {
                decoded.append(byte: path[at])
                at += 1
            }
        }
        var isValid = true
        request.pathSpan = request.store { isValid = PathNormaliser.normalise(decoded.view, into: $0) }
        return isValid
    }
}
