import GatewayCore
import Model
import Primitives

/// A number that is the same for equal keys and spread evenly over different ones.
enum HashKeyValue {
    static func hash(_ key: HashKey, _ exchange: Exchange) -> UInt64 {
        let request = exchange.request
        var hash: UInt64 = 0
        switch key {
        case .sourceIP:
            let address = exchange.client.address
            hash = address.high &* 0x9e37_79b9_7f4a_7c15 ^ address.low
        case .path: hash = request.path.hash
        case .header(let name): name.withView { hash = request.fields.first($0)?.hash ?? 0 }
        case .query(let name):
            name.withView { name in
                RequestFacts(exchange: exchange).forEachQuery(named: name) {
                    hash = $0.hash
                    return false
                }
            }
        case .cookie(let name): name.withView { hash = cookie($0, request.fields)?.hash ?? 0 }
        }
        return mix(hash)
    }

    /// The value of a cookie (RFC 6265 §5.4).
    private static func cookie(_ name: ByteView, _ fields: HeaderFields) -> ByteView? {
        var result: ByteView?
        fields.forEach(named: ByteView("cookie")) { line in
            var start = 0
            while start < line.count, result == nil {
                let end = line.firstIndex(of: UInt8(ascii: ";"), from: start) ?? line.count
                let pair = line[start..<end].trimmed
                if let equals = pair.firstIndex(of: UInt8(ascii: "=")), pair.prefix(equals) == name {
                    result = pair.dropFirst(equals + 1)
                }
                start = end + 1
            }
            return result == nil
        }
        return result
    }

    /// The finisher of MurmurHash3: near keys end far apart.
    private static func mix(_ value: UInt64) -> UInt64 {
        var h = value
        h = (h ^ h >> 33) &* 0xff51_afd7_ed55_8ccd
        h = (h ^ h >> 33) &* 0xc4ce_b9fe_1a85_ec53
        return h ^ h >> 33
    }
}
