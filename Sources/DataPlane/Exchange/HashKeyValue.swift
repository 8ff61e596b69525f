import Expressions
import GatewayCore
import PolicyKit
import Primitives

/// A number that is the same for equal keys and spread evenly over different ones.
enum HashKeyValue {
    /// Requests for which the key has no value share one.
    static func hash(_ key: Expression, _ exchange: Exchange) -> UInt64 {
        let scratch = exchange.tools.scratch
        scratch.clear()
        let value = exchange.evaluate(key)
        if !value.isError { value.write(to: scratch) }
        return mix(scratch.view.hash)
    }

    /// The finisher of MurmurHash3: near keys end far apart.
    private static func mix(_ value: UInt64) -> UInt64 {
        var h = value
        h = (h ^ h >> 33) &* 0xff51_afd7_ed55_8ccd
        h = (h ^ h >> 33) &* 0xc4ce_b9fe_1a85_ec53
        return h ^ h >> 33
    }
}
