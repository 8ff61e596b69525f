import Primitives
import Reactor
import SharedState

/// Bounds how often passwords and codes are guessed. Only attempts that fail count.
///
/// A person gets `attempts` from one network in each window. The same network gets four times as many for all names together, and one name
/// ten times as many from all networks together: whoever guesses from many places slows the owner down only after that.
struct LoginThrottle: Sendable {
    private let person: MemoryLimiter
    private let network: MemoryLimiter
    private let name: MemoryLimiter
    private let devices: MemoryLimiter

    init(attempts: Int, window: Nanoseconds) {
        func limiter(_ limit: Int) -> MemoryLimiter {
            MemoryLimiter(windows: [RateWindow(limit: limit, period: window)], algorithm: .gcra, capacity: 100_000)
        }
        person = limiter(attempts)
        network = limiter(4 * attempts)
        name = limiter(10 * attempts)
        devices = limiter(8 * attempts)
    }

    func mayTry(_ username: String, from request: ServerRequest) -> Bool {
        keys(username, request).allSatisfy { limiter, key in
            key.withView { limiter.peek(key: $0, now: request.instant, wall: request.wall).allowed }
        }
    }

    func hasFailed(_ username: String, from request: ServerRequest) {
        for (limiter, key) in keys(username, request) { _ = key.withView { limiter.take(key: $0, now: request.instant, wall: request.wall) } }
    }

    /// Whether one more device may begin: that needs no secret, so every one counts.
    func mayBegin(from request: ServerRequest) -> Bool {
        LoginThrottle.network(request).withView { devices.take(key: $0, now: request.instant, wall: request.wall).allowed }
    }

    private func keys(_ username: String, _ request: ServerRequest) -> [(MemoryLimiter, [UInt8])] {
        let user = Array(username.lowercased().utf8.prefix(256)), network = LoginThrottle.network(request)
        return [(person, network + user), (self.network, network), (name, user)]
    }

    /// The address; of IPv6 the network of 64 bits that a household has.
    private static func network(_ request: ServerRequest) -> [UInt8] {
        let address = request.address
        let isIPv4 = address.high == 0 && address.low >> 32 == 0xffff
        return (0..<8).map { UInt8(truncatingIfNeeded: (isIPv4 ? address.low : address.high) >> UInt64(8 * $0)) }
    }
}
