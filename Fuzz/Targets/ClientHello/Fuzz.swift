import FuzzSupport
import Primitives
import TLS

// The ClientHello: more bytes never change what has been decided, and all that is handed out lies within the input.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    withInput(start, count) { bytes in
        let whole = describe(bytes)
        for length in prefixLengths(count, most: 64) {
            let part = withCopy(bytes.prefix(length)) { describe($0) }
            check(part == "incomplete" || part == whole, "\(length) bytes are \(part), all are \(whole)")
        }
    }
    return 0
}

private func describe(_ bytes: ByteView) -> String {
    // The views that come back may be of the buffer.
    let scratch = ByteBuffer()
    return withExtendedLifetime(scratch) { describe(bytes, scratch) }
}

private func describe(_ bytes: ByteView, _ scratch: ByteBuffer) -> String {
    switch ClientHello.parse(bytes, scratch: scratch) {
    case .incomplete: return "incomplete"
    case .notTLS: return "not TLS"
    case .malformed(let reason): return "malformed: \(reason)"
    case .hello(let hello):
        check(hello.serverName.count <= 255, "a name of \(hello.serverName.count) bytes")
        var text = "hello \(hello.serverName.string)"
        hello.forEachProtocol { name in
            check(!name.isEmpty, "an empty protocol")
            text += " \(name.array)"
            return true
        }
        return text
    }
}
