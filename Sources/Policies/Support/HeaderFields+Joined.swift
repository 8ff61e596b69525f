import GatewayCore
import Primitives

extension HeaderFields {
    /// All lines of a field as one list (RFC 9110 §5.3); nil when it is not there.
    func joined(_ name: ByteView) -> ByteBuffer? {
        var joined: ByteBuffer?
        forEach(named: name) { line in
            let buffer = joined ?? ByteBuffer(capacity: line.count)
            if joined != nil { buffer.append(", ") }
            buffer.append(line)
            joined = buffer
            return true
        }
        return joined
    }
}
