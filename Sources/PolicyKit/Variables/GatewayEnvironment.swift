package import Expressions

extension ExpressionEnvironment {
    /// What a request's match may ask: the route is not known yet, nor who calls.
    package static let match = ExpressionEnvironment([requestObject, sourceObject])

    /// While the request is on its way.
    package static let request = ExpressionEnvironment(asked)

    /// When there is a response.
    package static let response = ExpressionEnvironment(
        asked + [
            object("response", [field("status", .int, .responseStatus), field("headers", .map(.string, .string), .responseHeaders, foldsKeys: true)])
        ])

    private static let requestObject = object(
        "request",
        [
            field("method", .string, .requestMethod), field("path", .string, .requestPath), field("host", .string, .requestHost),
            field("scheme", .string, .requestScheme), field("headers", .map(.string, .string), .requestHeaders, foldsKeys: true),
            field("query", .map(.string, .string), .requestQuery), field("cookies", .map(.string, .string), .requestCookies),
            field("size", .int, .requestSize), field("time", .timestamp, .requestTime), field("id", .string, .requestID),
        ])

    private static let sourceObject = object(
        "source",
        [
            field("ip", .string, .sourceIP), field("port", .int, .sourcePort),
            object(
                "certificate",
                [
                    field("subject", .string, .certificateSubject), field("issuer", .string, .certificateIssuer),
                    field("serial", .string, .certificateSerial), field("names", .list(.string), .certificateNames),
                    field("spiffe", .string, .certificateSPIFFE), field("fingerprint", .string, .certificateFingerprint),
                ]),
        ])

    private static let asked = [
        requestObject, sourceObject,
        object(
            "consumer",
            [
                field("name", .string, .consumerName), field("application", .string, .consumerApplication),
                field("groups", .list(.string), .consumerGroups), field("plans", .list(.string), .consumerPlans),
                field("attributes", .map(.string, .string), .consumerAttributes),
            ]),
        field("claims", .map(.string, .dyn), .claims), field("params", .map(.string, .string), .params), field("route", .string, .route),
        field("api", .string, .api),
    ]

    private static func object(_ name: String, _ fields: [Variable]) -> Variable { Variable(name, .object(ExpressionObject(fields))) }

    private static func field(_ name: String, _ type: ExpressionType, _ variable: GatewayVariable, foldsKeys: Bool = false) -> Variable {
        Variable(name, type, id: variable.rawValue, foldsKeys: foldsKeys)
    }
}

extension Expression {
    package var gatewayVariables: [GatewayVariable] { variables.compactMap { GatewayVariable(rawValue: $0) } }

    /// Needs a response to be evaluated.
    package var asksOfResponse: Bool { gatewayVariables.contains { $0.isOfResponse } }

    /// What policies before must have found out.
    package var facts: Set<Fact> { Set(gatewayVariables.compactMap { $0.fact }) }
}
