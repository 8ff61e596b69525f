import FuzzSupport
import GatewayCore
import Primitives

@testable import HTTPEngine

// Heads of requests: whatever is accepted is well formed, prefixes never contradict the whole, and what is forwarded
// is understood by the next parser as it was understood here.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    withInput(start, count) { bytes in
        var limits = HeadLimits()
        parse(bytes, limits)
        limits.bytes = 256
        limits.fields = 3
        limits.target = 32
        parse(bytes, limits)
    }
    return 0
}

private func parse(_ bytes: ByteView, _ limits: HeadLimits) {
    let head = RequestHead()
    let result = RequestHeadParser.parse(bytes, limits: limits, into: head)
    checkPrefixes(bytes, limits, result)
    guard case .complete(let length) = result else { return }
    check(length <= bytes.count && length <= limits.bytes, "the head is longer than its bytes or its limit")
    checkFields(head.fields)
    check(head.target.count > 0 && head.target.count <= limits.target, "the target is empty or too long")
    check(head.fields.count <= limits.fields, "there are more fields than the limit")
    checkMeaning(head)
    checkForwarding(head, limits)
}

private func checkPrefixes(_ bytes: ByteView, _ limits: HeadLimits, _ whole: HeadResult) {
    for length in prefixLengths(bytes.count) {
        withCopy(bytes.prefix(length)) { part in
            switch RequestHeadParser.parse(part, limits: limits, into: RequestHead()) {
            case .incomplete: break
            case .complete(let end): check(whole == .complete(end), "\(length) bytes are complete, all are \(whole)")
            case .failed(let error):
                guard case .failed(let other) = whole else { return check(false, "\(length) bytes fail with \(error), all are \(whole)") }
                check(error.reason.status / 100 == other.reason.status / 100, "\(length) bytes fail with \(error), all with \(other)")
            }
        }
    }
    if case .complete(let end) = whole {
        withCopy(bytes.prefix(end)) {
            check(RequestHeadParser.parse($0, limits: limits, into: RequestHead()) == whole, "bytes behind the head change its meaning")
        }
    }
}

private func checkMeaning(_ head: RequestHead) {
    check(head.path == "*" || head.path.hasPrefix("/"), "the path does not begin with a slash: \(head.path.string)")
    if !(head.path == "*") {
        let again = ByteBuffer(capacity: head.path.count)
        check(PathNormaliser.normalise(head.path, into: again), "a normalised path is malformed: \(head.path.string)")
        check(again.view == head.path, "the path \(head.path.string) is not in its normal form")
    }
    for i in 0..<head.host.count { check(ASCII.lowercase(head.host[i]) == head.host[i], "the host is not in lower case") }
    var hosts = 0
    head.fields.forEach(named: ByteView("host")) { _ in
        hosts += 1
        return true
    }
    check(hosts == 1 || (hosts == 0 && head.minorVersion == 0), "there are \(hosts) Host fields")
    // Also when the target names the host that counts (RFC 9112 §3.2).
    if let host = head.fields[.host] { check(Authority.hostLength(host) != nil, "the Host \(host.string) was accepted") }
    let hasLength = head.fields.contains(.contentLength), hasCoding = head.fields.contains(.transferEncoding)
    check(!(hasLength && hasCoding), "Content-Length and Transfer-Encoding were accepted together")
    switch head.framing {
    case .none: check(!hasLength && !hasCoding, "a field that frames the body is ignored")
    case .length: check(hasLength, "a length without Content-Length")
    case .chunked: check(hasCoding && head.minorVersion >= 1, "chunked without Transfer-Encoding, or in HTTP/1.0")
    case .untilClose: check(false, "a request that ends with its connection")
    }
}

/// Writes the request as it is forwarded and reads it again: method, path, query, fields and framing are the same.
private func checkForwarding(_ head: RequestHead, _ limits: HeadLimits) {
    // An HTTP/1.0 request without Host is given one by the data plane.
    guard head.fields.contains(.host) else { return }
    let path = head.path.string, query = head.query?.string
    let target = ByteBuffer(capacity: 64)
    (path + (query.map { "?" + $0 } ?? "")).withView { target.append($0) }
    head.forwardSpan = head.store { $0.append(target.view) }
    head.fields.removeHopByHop()
    let out = ByteBuffer(capacity: 256)
    HeadWriter.write(head, to: out)
    let second = RequestHead()
    var wide = limits
    wide.bytes = 1 << 20
    wide.target = 1 << 20
    wide.fields += 1
    let result = RequestHeadParser.parse(out.view, limits: wide, into: second)
    check(result == .complete(out.count), "what is forwarded is \(result): \(out.view.string)")
    check(second.methodName == head.methodName && second.method == head.method, "the method changes")
    check(second.path.string == path, "the path changes from \(path) to \(second.path.string)")
    check(second.query?.string == query, "the query changes")
    check(second.framing == head.framing, "the framing changes from \(head.framing) to \(second.framing)")
    let framing: Set<KnownField> = [.contentLength, .transferEncoding]
    check(text(second.fields, without: framing) == text(head.fields, without: framing), "the fields change")
}
