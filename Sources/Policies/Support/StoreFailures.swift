import GatewayCore
import PolicyKit
import Primitives
import Synchronization

/// Counts the requests of a policy that its store could not decide about, and notes them in the access log as `storeFailed`.
final class StoreFailures: Sendable {
    private let counted = Atomic<UInt64>(0)

    var count: UInt64 { counted.load(ordering: .relaxed) }

    func note(_ exchange: Exchange) {
        counted.wrappingAdd(1, ordering: .relaxed)
        exchange.log(.literal, ByteView("storeFailed"), ByteView("true"))
    }
}
