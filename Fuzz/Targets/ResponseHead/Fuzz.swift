import FuzzSupport
import GatewayCore
import Primitives

@testable import HTTPEngine

// Heads of responses, for a GET and for a HEAD.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    withInput(start, count) { bytes in
        for method in [HTTPMethod.get, .head] {
            var limits = HeadLimits()
            parse(bytes, method, limits)
            limits.bytes = 256
            limits.fields = 3
            parse(bytes, method, limits)
        }
    }
    return 0
}

private func parse(_ bytes: ByteView, _ method: HTTPMethod, _ limits: HeadLimits) {
    let head = ResponseHead()
    let result = ResponseHeadParser.parse(bytes, method: method, limits: limits, into: head)
    checkPrefixes(bytes, method, limits, result)
    guard case .complete(let length) = result else { return }
    check(length <= bytes.count && length <= limits.bytes, "the head is longer than its bytes or its limit")
    check((100...599).contains(head.status) && head.status != 101, "the status \(head.status) was accepted")
    checkFields(head.fields)
    for i in 0..<head.reason.count { check(ASCII.isFieldValue(head.reason[i]), "the reason phrase holds a control character") }
    checkFraming(head, method)
    checkForwarding(head, method, limits)
}

private func checkPrefixes(_ bytes: ByteView, _ method: HTTPMethod, _ limits: HeadLimits, _ whole: HeadResult) {
    for length in prefixLengths(bytes.count) {
        withCopy(bytes.prefix(length)) { part in
            switch ResponseHeadParser.parse(part, method: method, limits: limits, into: ResponseHead()) {
            case .incomplete: break
            case .complete(let end): check(whole == .complete(end), "\(length) bytes are complete, all are \(whole)")
            case .failed(let error):
                guard case .failed = whole else { return check(false, "\(length) bytes fail with \(error), all are \(whole)") }
            }
        }
    }
}

private func checkFraming(_ head: ResponseHead, _ method: HTTPMethod) {
    let hasLength = head.fields.contains(.contentLength), hasCoding = head.fields.contains(.transferEncoding)
    check(!(hasLength && hasCoding), "Content-Length and Transfer-Encoding were accepted together")
    let isBodyless = method == .head || head.isInformational || head.status == 204 || head.status == 304
    switch head.framing {
    case .none: check(isBodyless, "a response that may have a body has none")
    case .length: check(hasLength && !isBodyless, "a length without Content-Length")
    case .chunked: check(hasCoding && !isBodyless && head.minorVersion >= 1, "chunked without Transfer-Encoding, or in HTTP/1.0")
    case .untilClose: check(!hasLength && !hasCoding && !isBodyless, "a framed response that ends with its connection")
    }
}

/// Status, phrase and fields are the same when the client parses what the gateway writes.
private func checkForwarding(_ head: ResponseHead, _ method: HTTPMethod, _ limits: HeadLimits) {
    head.fields.removeHopByHop()
    let out = ByteBuffer(capacity: 256)
    HeadWriter.writeStatusAndFields(head, to: out)
    out.append("\r\n")
    var wide = limits
    wide.bytes = 1 << 20
    let second = ResponseHead()
    let result = ResponseHeadParser.parse(out.view, method: .head, limits: wide, into: second)
    check(result == .complete(out.count), "what is forwarded is \(result): \(out.view.string)")
    check(second.status == head.status, "the status changes")
    // 200 is always "OK": phrases say nothing that may be relied on (RFC 9112 §4).
    check(head.reason.isEmpty || head.status == 200 || second.reason == head.reason, "the reason phrase changes")
    let framing: Set<KnownField> = [.contentLength, .transferEncoding]
    check(text(second.fields, without: framing) == text(head.fields, without: framing), "the fields change")
}
