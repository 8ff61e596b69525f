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
        case .cookie(let name):
            name.withView { name in
                Cookies.forEach(request.fields, named: name) {
                    hash = $0.hash
                    return false
                }
            }
        }
        return mix(hash)
    }

    /// The finisher of MurmurHash3: near keys end far apart.
    private static func mix(_ value: UInt64) -> UInt64 {
        var h = value
        h = (h ^ h >> 33) &* 0xff51_afd7_ed55_8ccd
        h = (h ^ h >> 33) &* 0xc4ce_b9fe_1a85_ec53
        return h ^ h >> 33
    }
}
