package import GatewayCore
import Reactor

/// A value for each event loop, so that loops share nothing. Only the loop itself may ask for its own.
@safe
package final class LoopLocal<Value>: @unchecked Sendable {
    // Filled when it is made; afterwards each loop changes its own element alone, in memory that never moves.
    private let values: UnsafeMutablePointer<Value>
    private let count: Int

    package init(loops: Int, _ make: () -> Value) {
        count = max(1, loops)
        unsafe values = UnsafeMutablePointer.allocate(capacity: count)
        for i in 0..<count { unsafe (values + i).initialize(to: make()) }
    }

    deinit {
        unsafe values.deinitialize(count: count)
        unsafe values.deallocate()
    }

    package subscript(exchange: Exchange) -> Value {
        _read { yield unsafe values[place(exchange.loop)] }
        _modify { yield unsafe &values[place(exchange.loop)] }
    }

    private func place(_ loop: EventLoop) -> Int {
        assert(loop.index < count && loop.isCurrent || count == 1, "a value of another loop")
        return min(loop.index, count - 1)
    }
}
