import GatewayCore
import PolicyKit
import Primitives

/// The response fields that tell clients what is left of a quota: those of `RateLimitFields`, with windows whose length changes, and
/// `qu="content-bytes"` where bytes are counted (draft-ietf-httpapi-ratelimit-headers-10 §3.1.2).
struct QuotaFields: Sendable {
    let kind: RateLimitFields.Kind
    /// Strings of RFC 9651 §3.3.3, with their quotes.
    private let names: [[UInt8]]
    private let rules: [QuotaRule]

    init(_ kind: RateLimitFields.Kind, label: String, _ rules: [QuotaRule]) {
        self.kind = kind
        self.rules = rules
        names = rules.map { RateLimitFields.quoted(rules.count == 1 ? label : "\(label)-\($0.name)") }
    }

    func add(_ receipt: QuotaReceipt, to exchange: Exchange) {
        guard receipt.totals.count == rules.count, !rules.isEmpty else { return }
        let scratch = exchange.tools.scratch
        let fields = exchange.response.fields
        let decisive = receipt.decisive
        if kind == .standard || kind == .both {
            scratch.clear()
            for (i, rule) in rules.enumerated() {
                if i > 0 { scratch.append(", ") }
                names[i].withView { scratch.append($0) }
                scratch.append(";q=")
                scratch.append(decimal: receipt.limits[i])
                if rule.bytes != nil { scratch.append(";qu=\"content-bytes\"") }
                scratch.append(";w=")
                scratch.append(decimal: receipt.lengths[i])
            }
            RateLimitFields.add("ratelimit-policy", scratch, to: fields)
            scratch.clear()
            names[decisive].withView { scratch.append($0) }
            scratch.append(";r=")
            scratch.append(decimal: receipt.remaining(decisive))
            scratch.append(";t=")
            scratch.append(decimal: receipt.seconds(decisive))
            RateLimitFields.add("ratelimit", scratch, to: fields)
        }
        if kind == .legacy || kind == .both {
            RateLimitFields.addLegacy(
                limit: receipt.limits[decisive], remaining: receipt.remaining(decisive), reset: receipt.seconds(decisive), scratch, to: fields)
        }
        guard receipt.isAllowed, let beyond = rules.indices.first(where: receipt.isBeyond) else { return }
        rules[beyond].name.withView { fields.append(.other, name: ByteView("x-quota-exceeded"), $0) }
    }
}
