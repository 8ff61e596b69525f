import FuzzSupport
import HTTPEngine
import Primitives

// The PROXY protocol, both versions: a header is complete with its last byte, not before and not otherwise after.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    withInput(start, count) { bytes in
        let whole = ProxyProtocol.parse(bytes)
        for length in prefixLengths(count, most: 64) { checkPrefix(bytes, length, whole) }
        guard case .complete(let length, let source, let port) = whole else { return }
        check(length >= 15 && length <= count, "the header is \(length) bytes long, of \(count)")
        checkPrefix(bytes, length - 1, whole)
        checkPrefix(bytes, length, whole)
        if let source { check(IPAddress(parsing: source.description) == source, "the address \(source) is not read as it is written") }
        check(source != nil || port == 0, "a port without an address")
    }
    return 0
}

private func checkPrefix(_ bytes: ByteView, _ length: Int, _ whole: ProxyProtocol.Result) {
    let part = withCopy(bytes.prefix(length)) { ProxyProtocol.parse($0) }
    switch (part, whole) {
    case (.incomplete, .complete(let end, _, _)): check(length < end, "\(length) bytes are not enough for a header of \(end)")
    case (.incomplete, _): break
    case (.complete(let end, _, _), _): check(part == whole && end <= length, "\(length) bytes are \(part), all are \(whole)")
    case (.failed, .failed): break
    case (.failed, _): check(false, "\(length) bytes are \(part), all are \(whole)")
    }
}
