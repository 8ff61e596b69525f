package import GatewayCore
import Model
package import PolicyKit
import Primitives
import Reactor
package import Schema

extension Reason {
    static let faultInjected = Reason("fault_injected", 503, "A fault was injected")
}

/// Delays requests and refuses them, to see how clients bear it.
package final class Fault: Policy, AsyncRequestPolicy {
    package struct Config: Settings {
        @Setting("Makes requests wait before they go on: `{ fixed: 200ms }`, or `{ from: 100ms, to: 2s }` for chance between the two.")
        package var delay: Delay?

        @Setting("Refuses requests, after their delay if they have one.")
        package var abort: Abort?

        package static var about: String { "Delays or refuses a share of the requests, to test how clients bear faults." }
        package init() {}
    }

    package struct Delay: Settings {
        @Setting("How long: always the same.", .milliseconds(1) ... .seconds(600))
        package var fixed: Duration?

        @Setting("Least delay, in place of `fixed`.", .zero ... .seconds(600))
        package var from: Duration?

        @Setting("Most delay.", .milliseconds(1) ... .seconds(600))
        package var to: Duration?

        @Setting("Share of the requests that wait.")
        package var share: Share = .percent(100)

        package var origin = Origin()
        package init() {}
    }

    package struct Abort: Settings {
        @Setting("Status that the client is sent.", 400...599)
        package var status: Int = 503

        @Setting("Share of the requests that are refused.")
        package var share: Share = .percent(100)

        package init() {}
    }

    package static let id = "fault"
    package static let example = """
        fault: { abort: { status: 500, share: 100% } }
        when: '"x-test-fault" in request.headers'
        """
    package static let reasons: [Reason] = [.faultInjected]

    private let delays: Range<Nanoseconds>
    private let delayed: Chance
    private let aborted: Chance
    private let error: GatewayError

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        guard config.delay != nil || config.abort != nil else {
            throw PolicyError(
                "neither `delay` nor `abort` is given: there is no fault to inject", remedy: "such as `abort: { status: 503, share: 5% }`")
        }
        delays = try config.delay.map { (delay) throws(PolicyError) in try Fault.delays(delay) } ?? 0..<0
        delayed = Chance(config.delay?.share ?? .percent(0))
        aborted = Chance(config.abort?.share ?? .percent(0))
        error = GatewayError(.faultInjected, .gateway, status: config.abort?.status, "This request was chosen to fail.")
    }

    private static func delays(_ delay: Delay) throws(PolicyError) -> Range<Nanoseconds> {
        if let fixed = delay.fixed, delay.from == nil, delay.to == nil {
            let length = fixed.nanoseconds
            return length..<length &+ 1
        }
        guard delay.fixed == nil, let from = delay.from, let to = delay.to else {
            throw PolicyError(
                "a delay is either `fixed`, or `from` and `to`", at: delay.origin.position, path: "delay",
                remedy: "such as { fixed: 200ms } or { from: 100ms, to: 2s }")
        }
        guard from <= to else {
            throw PolicyError("`from` is longer than `to`", at: delay.$from.position, path: "delay.from")
        }
        return from.nanoseconds..<to.nanoseconds &+ 1
    }

    package func verdict(_ exchange: Exchange) -> Verdict? {
        if delayed.comes(exchange) { return nil }
        return afterwards(exchange)
    }

    package func onRequest(_ exchange: Exchange) async -> Verdict {
        let length = Nanoseconds.random(in: delays, using: &exchange.tools.random)
        guard await exchange.loop.sleep(for: length) else { return .proceed }
        return afterwards(exchange)
    }

    private func afterwards(_ exchange: Exchange) -> Verdict { aborted.comes(exchange) ? .refuse(error) : .proceed }
}
