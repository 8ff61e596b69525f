package import GatewayCore
import Identity
package import PolicyKit
package import Schema

/// Takes everybody for one consumer. As the last method of `any-of` it lets in who brings no credentials at all.
package final class Anonymous: Policy, RequestPolicy {
    package struct Config: Settings {
        @Setting("Name of the consumer, which the configuration has.")
        package var consumer: String

        @Setting("In `any-of`: lets in also who brings credentials that are wrong.")
        package var acceptInvalid: Bool = false

        package static var about: String { "Takes requests without credentials for those of one consumer." }
        package init() {}
    }

    package static let id = "anonymous"
    package static let example = """
        anonymous: { consumer: guest }
        """
    package static var provides: [Fact] { [.consumer] }
    package static var usesConsumers: Bool { true }

    let takesInvalid: Bool
    private let principal: Principal

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        guard let known = context.identities.file.consumer(named: config.consumer), known.isEnabled else {
            throw PolicyError(
                "there is no consumer called \(config.$consumer.shown), or it is switched off", at: config.$consumer.position, path: "consumer",
                remedy: "add it to `consumers`; it needs no credentials")
        }
        takesInvalid = config.acceptInvalid
        principal = Principal(method: Anonymous.id, subject: config.consumer, consumer: known.consumer)
    }

    package func onRequest(_ exchange: Exchange) -> Verdict {
        if exchange.principal == nil { exchange.identify(principal) }
        return .proceed
    }
}
