internal import Primitives

extension ACMEClient {
    /// When the authority would like a certificate to be renewed (RFC 9773 §4). Nil: it does not say.
    func renewalInformation(_ id: String) async throws(ACMEError) -> RenewalInformation? {
        guard let base = try await directory().renewalInfo else { return nil }
        let response = try await get("\(base)/\(id)")
        return try RenewalInformation(try response.json(), retryAfter: response.retryAfter)
    }
}

/// RFC 9773 §4.2. Seconds since 1970.
struct RenewalInformation: Equatable, Sendable {
    var window: ClosedRange<Int64>
    /// Why, for people.
    var explanation: String?
    /// Seconds until it is to be asked for again.
    var askAgainAfter: Int

    /// Bounds of what a server may ask for, and what counts where it does not.
    static let pause = 60...86_400
    static let usualPause = 21_600

    init(window: ClosedRange<Int64>, explanation: String? = nil, askAgainAfter: Int = usualPause) {
        self.window = window
        self.explanation = explanation
        self.askAgainAfter = askAgainAfter
    }

    init(_ json: JSON, retryAfter: Int?) throws(ACMEError) {
        guard let suggested = json["suggestedWindow"], let start = suggested["start"]?.string.flatMap({ CivilTime.parse(rfc3339: $0) }),
            let end = suggested["end"]?.string.flatMap({ CivilTime.parse(rfc3339: $0) }), end > start
        else { throw .malformed("renewal information without a window") }
        window = start...end
        explanation = json["explanationURL"]?.string
        askAgainAfter = min(
            max(retryAfter ?? RenewalInformation.usualPause, RenewalInformation.pause.lowerBound), RenewalInformation.pause.upperBound)
    }
}
