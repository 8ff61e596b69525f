/// The variables of the gateway's expressions, as `ExpressionVariables` asks for them.
package enum GatewayVariable: UInt16, CaseIterable, Sendable {
    case requestMethod, requestPath, requestHost, requestScheme, requestHeaders, requestQuery, requestCookies, requestSize
    case requestTime, requestID
    case sourceIP, sourcePort
    case certificateSubject, certificateIssuer, certificateSerial, certificateNames, certificateSPIFFE, certificateFingerprint
    case consumerName, consumerApplication, consumerGroups, consumerAttributes, consumerPlans
    case claims, params
    case responseStatus, responseHeaders
    case route, api

    /// Known only once there is a response.
    package var isOfResponse: Bool { self == .responseStatus || self == .responseHeaders }

    /// What has to have happened before it has a value.
    package var fact: Fact? {
        switch self {
        case .consumerName, .consumerApplication, .consumerGroups, .consumerAttributes, .consumerPlans: .consumer
        case .claims: .claims
        default: nil
        }
    }
}
