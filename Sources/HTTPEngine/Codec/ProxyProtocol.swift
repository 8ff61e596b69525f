package import Primitives

/// The PROXY protocol, versions 1 and 2, as a receiver (haproxy.org, proxy-protocol.txt).
package enum ProxyProtocol {
    package enum Result: Equatable {
        case incomplete
        /// The header is `length` bytes long; `source` is nil for LOCAL and UNKNOWN, whose peer is the client.
        case complete(length: Int, source: IPAddress?, port: UInt16)
        case failed(String)
    }

    static let signature: [UInt8] = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]

    package static func parse(_ bytes: ByteView) -> Result {
        guard bytes.count > 0 else { return .incomplete }
        return bytes[0] == 0x0d ? version2(bytes) : version1(bytes)
    }

    /// `PROXY TCP4 source destination port port CRLF`, 107 bytes at most.
    private static func version1(_ bytes: ByteView) -> Result {
        let known = ByteView("PROXY ")
        for i in 0..<min(bytes.count, known.count) where bytes[i] != known[i] {
            return .failed("The connection does not begin with a PROXY protocol header.")
        }
        guard let lineFeed = bytes.prefix(107).firstIndex(of: .lineFeed) else {
            return bytes.count >= 107 ? .failed("The PROXY line is too long.") : .incomplete
        }
        guard lineFeed > known.count, bytes[lineFeed - 1] == .carriageReturn else { return .failed("The PROXY line does not end with CR LF.") }
        let words = bytes[0..<lineFeed - 1].string.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        let length = lineFeed + 1
        if words.count >= 2, words[1] == "UNKNOWN" { return .complete(length: length, source: nil, port: 0) }
        guard words.count == 6, words[1] == "TCP4" || words[1] == "TCP6" else { return .failed("The PROXY line is malformed.") }
        guard let source = IPAddress(parsing: words[2]), let destination = IPAddress(parsing: words[3]),
            source.isIPv4 == (words[1] == "TCP4"), destination.isIPv4 == source.isIPv4
        else { return .failed("The PROXY line holds a malformed address.") }
        guard let port = port(words[4]), port0(words[5]) else { return .failed("The PROXY line holds a malformed port.") }
        return .complete(length: length, source: source, port: port)
    }

    private static func port(_ text: String) -> UInt16? {
        guard text.utf8.allSatisfy(ASCII.isDigit), text.count == 1 || text.first != "0" else { return nil }
        return UInt16(text)
    }

    private static func port0(_ text: String) -> Bool { port(text) != nil }

    /// Sixteen bytes, then addresses and TLVs as long as the header says.
    private static func version2(_ bytes: ByteView) -> Result {
        for i in 0..<min(bytes.count, signature.count) where bytes[i] != signature[i] {
            return .failed("The PROXY protocol signature is malformed.")
        }
        guard bytes.count >= 16 else { return .incomplete }
        guard bytes[12] >> 4 == 2, bytes[12] & 0xf <= 1 else { return .failed("The PROXY protocol version or command is unknown.") }
        let length = Int(bytes[14]) << 8 | Int(bytes[15])
        guard length <= 4096 else { return .failed("The PROXY protocol header is too long.") }
        guard bytes.count >= 16 + length else { return .incomplete }
        let isLocal = bytes[12] & 0xf == 0
        switch bytes[13] {
        case _ where isLocal: return .complete(length: 16 + length, source: nil, port: 0)
        case 0x11:
            guard length >= 12 else { return .failed("The PROXY protocol header is too short for its addresses.") }
            let address = UInt32(number(bytes, 16, 4))
            return .complete(length: 16 + length, source: IPAddress(v4: address), port: UInt16(number(bytes, 24, 2)))
        case 0x21:
            guard length >= 36 else { return .failed("The PROXY protocol header is too short for its addresses.") }
            let address = IPAddress(high: number(bytes, 16, 8), low: number(bytes, 24, 8))
            return .complete(length: 16 + length, source: address, port: UInt16(number(bytes, 48, 2)))
        case 0x00, 0x12, 0x22, 0x31, 0x32: return .complete(length: 16 + length, source: nil, port: 0)
        default: return .failed("The PROXY protocol address family is unknown.")
        }
    }

    /// `count` bytes as a big-endian number.
    private static func number(_ bytes: ByteView, _ start: Int, _ count: Int) -> UInt64 {
        var value: UInt64 = 0
        for i in start..<start + count { value = value << 8 | UInt64(bytes[i]) }
        return value
    }
}
