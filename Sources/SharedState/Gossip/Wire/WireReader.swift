internal import Primitives
internal import Reactor

/// Takes apart what others sent. Whatever is not there is nil, and nothing is read beyond the end.
struct WireReader {
    private let bytes: ArraySlice<UInt8>
    private var place: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        place = bytes.startIndex
    }

    init(_ bytes: [UInt8]) { self.init(bytes[...]) }

    var left: Int { bytes.endIndex - place }
    var isAtEnd: Bool { place == bytes.endIndex }

    mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard count >= 0, count <= left else { return nil }
        defer { place += count }
        return bytes[place..<place + count]
    }

    mutating func number<Number: FixedWidthInteger & UnsignedInteger>(_ type: Number.Type) -> Number? {
        guard let taken = take(Number.bitWidth / 8) else { return nil }
        return taken.reduce(0) { $0 << 8 | Number($1) }
    }

    mutating func variable() -> UInt64? {
        var value: UInt64 = 0, shift: UInt64 = 0
        while let byte = take(1)?.first {
            // The tenth byte has one bit left.
            guard shift < 63 || byte <= 1 else { return nil }
            value |= UInt64(byte & 0x7f) << shift
            if byte & 0x80 == 0 { return value }
            shift += 7
        }
        return nil
    }

    mutating func short() -> [UInt8]? {
        guard let count = number(UInt8.self), let taken = take(Int(count)) else { return nil }
        return Array(taken)
    }

    /// Nil for an address of a kind that is not known, too.
    mutating func address() -> SocketAddress? {
        let ip: IPAddress
        switch number(UInt8.self) {
        case 4:
            guard let v4 = number(UInt32.self) else { return nil }
            ip = IPAddress(v4: v4)
        case 6:
            guard let high = number(UInt64.self), let low = number(UInt64.self) else { return nil }
            ip = IPAddress(high: high, low: low)
        default: return nil
        }
        guard let port = number(UInt16.self), port > 0 else { return nil }
        return .ip(ip, port: port)
    }
}
