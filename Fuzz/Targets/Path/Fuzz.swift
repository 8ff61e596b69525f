import FuzzSupport
import GatewayCore
import Primitives

// The target normaliser against a plain model of RFC 3986 §5.2.4 and §6.2.2; normalising twice is normalising once.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    withInput(start, count) { bytes in
        normalise(bytes)
        guard bytes.isEmpty || bytes[0] != UInt8(ascii: "/") else { return }
        // A view does not keep its buffer alive.
        let path = slashed(bytes)
        withExtendedLifetime(path) { withCopy(path.view, normalise) }
    }
    return 0
}

private func slashed(_ bytes: ByteView) -> ByteBuffer {
    let out = ByteBuffer(capacity: bytes.count + 1)
    out.append("/")
    out.append(bytes)
    return out
}

private func normalise(_ path: ByteView) {
    let isNormal = !path.isEmpty && path[0] == UInt8(ascii: "/") && PathNormaliser.isNormal(path)
    let out = ByteBuffer(capacity: 8)
    out.append("before")
    let isValid = PathNormaliser.normalise(path, into: out)
    check(out.view(0..<6) == "before", "bytes before the path have changed")
    let expected = model(path.array)
    check(isValid == (expected != nil), "\(path.string) is \(isValid ? "accepted" : "refused"), unlike in the model")
    check(isValid || !isNormal, "\(path.string) is normal and malformed")
    guard isValid, let expected else { return }
    let result = out.view(6..<out.count).array
    check(result == expected, "\(path.string) becomes \(String(decoding: result, as: UTF8.self)), not \(String(decoding: expected, as: UTF8.self))")
    check(!isNormal || result == path.array, "a normal path has changed: \(path.string)")
    check(result.count <= path.count, "\(path.string) has grown")
    let again = ByteBuffer(capacity: result.count)
    out.consume(6)
    check(PathNormaliser.normalise(out.view, into: again) && again.view.array == result, "the result is not in its normal form")
}

/// Nil for malformed paths.
private func model(_ path: [UInt8]) -> [UInt8]? {
    guard path.first == UInt8(ascii: "/") else { return nil }
    var bytes: [UInt8] = []
    var rest = path[...]
    while let byte = rest.popFirst() {
        if byte == UInt8(ascii: "%") {
            guard let high = rest.popFirst().flatMap(hex), let low = rest.popFirst().flatMap(hex) else { return nil }
            let decoded = high << 4 | low
            if decoded == 0 { return nil }
            if isUnreserved(decoded) { bytes.append(decoded) } else { bytes += Array("%".utf8) + [digit(high), digit(low)] }
        } else {
            guard isUnreserved(byte) || Array("/!$&'()*+,;=:@[]|".utf8).contains(byte) else { return nil }
            bytes.append(byte)
        }
    }
    var kept: [ArraySlice<UInt8>] = []
    let segments = bytes.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    for (i, segment) in segments.enumerated() {
        let isDots = segment.elementsEqual(".".utf8) || segment.elementsEqual("..".utf8)
        if segment.elementsEqual("..".utf8) { _ = kept.popLast() }
        if !isDots { kept.append(segment) } else if i == segments.count - 1 { kept.append([]) }
    }
    return kept.flatMap { [UInt8(ascii: "/")] + $0 }
}

private func hex(_ byte: UInt8) -> UInt8? { Character(Unicode.Scalar(byte)).hexDigitValue.map { UInt8($0) } }
private func digit(_ value: UInt8) -> UInt8 { Array("0123456789ABCDEF".utf8)[Int(value)] }

private func isUnreserved(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
    default: Array("-._~".utf8).contains(byte)
    }
}
