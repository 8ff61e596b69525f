import GatewayCore
import PolicyKit
import Schema

/// Chooses a share of the exchanges by chance.
struct Chance: Sendable {
    /// Of 2^53 equally likely numbers, how many win.
    private let winners: UInt64

    init(_ share: Share) { winners = UInt64(max(0, min(1, share.fraction)) * 0x1p53) }

    func comes(_ exchange: Exchange) -> Bool { winners > 0 && exchange.tools.random.next() >> 11 < winners }
}
