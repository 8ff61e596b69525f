import GatewayCore
import PolicyKit
import Reactor

/// A service that is asked about requests, as the settings of a policy describe it.
struct DecisionService: Sendable {
    /// What every question begins with; its URL, time-out, bounds and security are set.
    let question: Callout
    private let client: any CalloutClient

    init(
        _ url: CalloutURL, timeout: Duration, tls: CalloutTLSSettings?, version: UpstreamVersion = .http1, _ context: PolicyContext,
        headers: FieldList = []
    ) throws(PolicyError) {
        var callout = Callout(url)
        callout.timeout = timeout.nanoseconds
        callout.connectTimeout = min(callout.connectTimeout, callout.timeout)
        callout.version = version
        callout.headers = headers
        callout.security = try context.security(of: url, tls, version: version)
        // Asking changes nothing.
        callout.isRepeatable = true
        question = callout
        client = context.callouts
    }

    func ask(_ question: Callout, on loop: EventLoop) async -> Result<FetchResponse, GatewayError> { await client.send(question, on: loop) }
}
