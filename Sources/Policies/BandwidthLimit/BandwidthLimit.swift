package import GatewayCore
package import PolicyKit
import Primitives
import Reactor
package import Schema

/// Limits how many bytes pass in a second (`docs/guides/shaping.md`).
package final class BandwidthLimit: Policy, RequestPolicy, ReportingPolicy {
    package struct Config: Settings {
        @Setting("Bytes of responses that go to the client in each second. Left out: any number.", BandwidthLimit.rates)
        package var response: ByteSize?

        @Setting("Bytes of requests that go to the upstream in each second. Left out: any number.", BandwidthLimit.rates)
        package var request: ByteSize?

        @Setting(
            """
            Which exchanges share these bytes: those of an `ip`, `consumer`, `route`, `upstream` or `connection`, or those for which an expression \
            has the same value. Left out: each exchange has them for itself.
            """)
        package var by: RequestKeys?

        @Setting(
            """
            Bytes that pass at once, at the beginning and after a pause. Left out: none, but for a slice of a twentieth of a second; what a pause \
            of up to a tenth of a second has left unused is caught up with.
            """, .bytes(0) ... .bytes(1 << 40))
        package var burst: ByteSize = .bytes(0)

        @Setting("Bits of an IPv4 address that tell clients apart, for `by: ip`.", 1...32)
        package var ipv4Prefix: Int = 32

        @Setting("Bits of an IPv6 address that tell clients apart, for `by: ip`: most hold a network of 64 bits.", 1...128)
        package var ipv6Prefix: Int = 64

        package static var about: String { "Limits how many bytes of requests and responses pass in a second." }
        package init() {}
    }

    package static let id = "bandwidth-limit"
    package static let example = """
        bandwidth-limit: { response: 1MiB, by: consumer }
        """
    package static var isGuard: Bool { true }
    package static let rates = ByteSize.bytes(1)...ByteSize.bytes(1 << 40)

    /// What one direction keeps to.
    private enum Rate {
        case own(rate: Int, burst: Int)
        case shared(PaceTable)
    }

    private let response: Rate?
    private let request: Rate?
    private let key: CompiledRequestKey?
    private let waits = PaceWaits()

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        guard config.request != nil || config.response != nil else {
            throw PolicyError("there is no limit", remedy: "such as `{ response: 1MiB }`")
        }
        key = try config.by.map { (by) throws(PolicyError) in
            try CompiledRequestKey(
                by, AddressPrefix(v4: config.ipv4Prefix, v6: config.ipv6Prefix), at: config.$by.position, context, isText: false)
        }
        let isShared = config.by != nil
        func rate(_ size: ByteSize) -> Rate {
            isShared
                ? .shared(PaceTable(rate: size.bytes, burst: config.burst.bytes)) : .own(rate: size.bytes, burst: config.burst.bytes)
        }
        response = config.response.map(rate)
        request = config.request.map(rate)
    }

    package static func needs(_ config: Config) -> [Fact] { config.by?.keys.contains(.consumer) ?? false ? [.consumer] : [] }

    /// What the gateway answers by itself is short.
    package func phases(on route: RouteFacts) -> PolicyPhases { route.forwards ? .request : [] }

    package func onRequest(_ exchange: Exchange) -> Verdict {
        let key = key?.bytes(exchange) ?? ByteView()
        if let response { exchange.paces.response.append(pace(response, key, exchange)) }
        if let request { exchange.paces.request.append(pace(request, key, exchange)) }
        return .proceed
    }

    private func pace(_ rate: Rate, _ key: ByteView, _ exchange: Exchange) -> any BodyPace {
        let now = exchange.loop.now
        switch rate {
        case .own(let rate, let burst): return OwnPace(PaceClock(rate: rate, burst: burst, now: now), waits)
        case .shared(let table): return table.share(of: key, waits, now: now)
        }
    }

    package var figures: [PolicyFigure] {
        let keys = [response, request].reduce(0) { sum, rate in
            if case .shared(let table) = rate { sum + table.count } else { sum }
        }
        return [
            PolicyFigure("bandwidth_limit_waits", .counter, waits.count, "Slices of bodies that had to wait."),
            PolicyFigure("bandwidth_limit_keys", .gauge, UInt64(keys), "Keys whose exchanges share a rate, and that are remembered."),
        ]
    }
}
