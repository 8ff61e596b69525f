package import GatewayCore
package import Model
package import PolicyKit
package import Primitives
package import Schema

/// Lets clients in, or keeps them out, by their address.
package final class IPFilter: Policy, RequestPolicy {
    package struct Config: Settings {
        @Setting("Networks and addresses that are let in; everybody else is refused. Left out, with `allowFile` too: everybody is let in.")
        package var allow: [CIDR] = []

        @Setting("Networks and addresses that are refused, also where `allow` lets them in.")
        package var deny: [CIDR] = []

        @Setting("A file of more networks to let in: one a line, `#` begins a comment. Millions are fine.")
        package var allowFile: ConfigurationFile?

        @Setting("A file of more networks to refuse, of the same form.")
        package var denyFile: ConfigurationFile?

        @Setting("Whose address counts: the `client`, whom trusted proxies name, or the `peer` of the connection.")
        package var source: Source = .client

        @Setting("Status of the answer to those who are refused. 404 does not tell them that there is something.", 400...499)
        package var status: Int = 403

        package static var about: String { "Lets clients in, or keeps them out, by their address." }
        package init() {}
    }

    package enum Source: String, SettingChoice {
        case client, peer
    }

    package static let id = "ip-filter"
    package static let example = """
        ip-filter: { allow: [10.0.0.0/8], deny: [10.6.6.6] }
        """
    package static let reasons: [Reason] = [.ipDenied]
    package static var isGuard: Bool { true }

    /// Nil: everybody.
    private let allowed: CIDRSet?
    private let denied: CIDRSet
    private let source: Source
    private let refusal: GatewayError

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        try config.checkEffects()
        if config.$allow.isGiven || config.allowFile != nil {
            let set = try CIDRSet(config.allow, and: config.allowFile, config.$allowFile.position, "allowFile")
            guard !set.isEmpty else {
                throw PolicyError(
                    "nobody would be let in: there is no network", at: config.$allow.isGiven ? config.$allow.position : config.$allowFile.position,
                    path: config.$allow.isGiven ? "allow" : "allowFile", remedy: "leave it out to let everybody in")
            }
            allowed = set
        } else {
            allowed = nil
        }
        denied = try CIDRSet(config.deny, and: config.denyFile, config.$denyFile.position, "denyFile")
        source = config.source
        refusal = GatewayError(.ipDenied, status: config.status, "Requests from this address are not served.")
    }

    package func onRequest(_ exchange: Exchange) -> Verdict {
        let address = source == .client ? exchange.client.address : exchange.client.peer
        if denied.contains(address) { return .refuse(refusal) }
        if let allowed, !allowed.contains(address) { return .refuse(refusal) }
        return .proceed
    }
}

extension Reason {
    package static let ipDenied = Reason("ip_denied", 403, "Address not allowed")
}

extension IPFilter.Config {
    /// Entries that change nothing are mistakes, and of a kind that opens doors.
    fileprivate func checkEffects() throws(PolicyError) {
        guard $allow.isGiven || allowFile != nil || !deny.isEmpty || denyFile != nil else {
            throw PolicyError("there is neither `allow` nor `deny`: nobody would be refused", remedy: "such as `{ allow: [10.0.0.0/8] }`")
        }
        for (i, network) in allow.enumerated() {
            if let wider = deny.first(where: { $0.contains(network) }) {
                throw PolicyError(
                    "\(network) is let in by nobody's leave: `deny` has \(wider), and that wins", at: $allow.position, path: "allow[\(i)]",
                    remedy: "take \(network) out of `allow`, or name smaller networks in `deny`")
            }
        }
        guard $allow.isGiven, allowFile == nil else { return }
        for (i, network) in deny.enumerated() where !allow.contains(where: { $0.contains(network) || network.contains($0) }) {
            throw PolicyError(
                "\(network) is refused anyway: `allow` does not have it", at: $deny.position, path: "deny[\(i)]",
                remedy: "take it out of `deny`")
        }
    }
}

extension CIDR {
    fileprivate func contains(_ other: CIDR) -> Bool { contains(other.address) && contains(other.last) }
}
