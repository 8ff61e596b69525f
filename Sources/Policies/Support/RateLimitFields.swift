package import GatewayCore
import PolicyKit
import Primitives
import Reactor
import Schema
package import SharedState

/// The response fields that tell clients what is left, with everything rendered that does not change.
///
/// draft-ietf-httpapi-ratelimit-headers-10 §3 and §4: `RateLimit-Policy` has a member for each window, with its quota `q` and, if
/// that is whole seconds, its length `w`; `RateLimit` has one for the most constraining, with what remains of it, `r`, and the
/// seconds `t` until there is more. Several policies of a chain, and the upstream's own, are members of the same list.
package struct RateLimitFields: Sendable {
    package enum Kind: String, SettingChoice {
        case standard, legacy, both, none
    }

    private struct Window: Sendable {
        /// A String of RFC 9651 §3.3.3, with its quotes.
        let name: [UInt8]
        let limit: Int
        let period: Nanoseconds
    }

    package let kind: Kind
    private let windows: [Window]
    private let policies: [UInt8]
    private let label: [UInt8]

    package init(_ kind: Kind, label: String, _ rates: [RateWindow]) {
        self.kind = kind
        let windows = rates.map { rate in
            let name = rates.count == 1 ? label : "\(label)-\(Duration.nanoseconds(Int64(clamping: rate.period)).short)"
            return Window(name: RateLimitFields.quoted(name), limit: rate.limit, period: rate.period)
        }
        self.windows = windows
        policies = Array(
            windows.map { window in
                let name = String(decoding: window.name, as: UTF8.self)
                let (seconds, rest) = window.period.quotientAndRemainder(dividingBy: 1_000_000_000)
                return "\(name);q=\(window.limit)" + (rest == 0 ? ";w=\(seconds)" : "")
            }.joined(separator: ", ").utf8)
        self.label = Array(label.utf8)
    }

    /// In quotes, as structured fields and JSON both have it. Neither takes what is not printable ASCII as it is.
    static func quoted(_ text: String) -> [UInt8] {
        var bytes = [UInt8(ascii: "\"")]
        for scalar in text.unicodeScalars {
            guard let byte = UInt8(exactly: scalar.value), (0x20...0x7e).contains(byte) else {
                bytes.append(UInt8(ascii: "?"))
                continue
            }
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { bytes.append(UInt8(ascii: "\\")) }
            bytes.append(byte)
        }
        return bytes + [UInt8(ascii: "\"")]
    }

    /// Whole seconds until it is worth while to ask again. A request that costs more than there ever is gets the whole period.
    package func retryAfter(_ decision: RateDecision) -> Int {
        let isNever = decision.retryAfter == RateDecision.never && windows.indices.contains(decision.window)
        return max(1, RateLimitFields.seconds(isNever ? windows[decision.window].period : decision.retryAfter))
    }

    package func noteDryRun(_ exchange: Exchange) { label.withView { exchange.log(.text, ByteView("rateLimitDryRun"), $0) } }

    package func add(_ left: RateLimitLeft, to exchange: Exchange) {
        guard windows.indices.contains(left.window) else { return }
        let scratch = exchange.tools.scratch
        let fields = exchange.response.fields
        if kind == .standard || kind == .both {
            scratch.clear()
            policies.withView { scratch.append($0) }
            RateLimitFields.add("ratelimit-policy", scratch, to: fields)
            scratch.clear()
            windows[left.window].name.withView { scratch.append($0) }
            scratch.append(";r=")
            scratch.append(decimal: left.remaining)
            scratch.append(";t=")
            scratch.append(decimal: RateLimitFields.seconds(left.reset))
            RateLimitFields.add("ratelimit", scratch, to: fields)
        }
        guard kind == .legacy || kind == .both else { return }
        RateLimitFields.addLegacy(
            limit: windows[left.window].limit, remaining: left.remaining, reset: RateLimitFields.seconds(left.reset), scratch, to: fields)
    }

    /// Puts what is in `scratch` in front of the members that are there: policies see a response in reverse, so the list is
    /// in the order of the chain.
    static func add(_ name: StaticString, _ scratch: ByteBuffer, to fields: HeaderFields) {
        var isThere = false
        fields.forEach(named: ByteView(name)) { members in
            scratch.append(", ")
            scratch.append(members)
            isThere = true
            return true
        }
        if isThere { fields.remove(named: ByteView(name)) }
        fields.append(.other, name: ByteView(name), scratch.view)
    }

    /// These fields have room for one limit: that with least left.
    ///
    /// - Parameter reset: seconds from now.
    static func addLegacy(limit: Int, remaining: Int, reset: Int, _ scratch: ByteBuffer, to fields: HeaderFields) {
        if let other = fields.first(ByteView("x-ratelimit-remaining"))?.decimal, other <= remaining { return }
        fields.remove(namesBeginning: ByteView("x-ratelimit-"))
        let values: [3 of (name: StaticString, value: Int)] = [
            ("x-ratelimit-limit", limit), ("x-ratelimit-remaining", remaining), ("x-ratelimit-reset", reset),
        ]
        for i in values.indices {
            scratch.clear()
            scratch.append(decimal: values[i].value)
            fields.append(.other, name: ByteView(values[i].name), scratch.view)
        }
    }

    /// Rounded up: who waits for as long as was said does not come early.
    static func seconds(_ time: Nanoseconds) -> Int {
        let (whole, rest) = time.quotientAndRemainder(dividingBy: 1_000_000_000)
        return Int(whole) + (rest > 0 ? 1 : 0)
    }
}
