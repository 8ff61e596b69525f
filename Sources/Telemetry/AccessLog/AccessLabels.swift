/// The names of an API and one of its routes, prepared when a configuration is loaded, so that a log record takes them
/// with one copy.
package final class RouteLabels: Sendable {
    package let api: String, route: String
    /// Both names in the form of `AccessRecord`'s parts.
    let encoded: [UInt8]

    package init(api: String, route: String) {
        self.api = api
        self.route = route
        encoded = AccessRecord.encode(api) + AccessRecord.encode(route)
    }
}

/// The names of an upstream and one of its endpoints, prepared like `RouteLabels`. An exchange that has chosen its
/// upstream but got no endpoint has labels with an empty endpoint.
package final class EndpointLabels: Sendable {
    package let upstream: String, endpoint: String
    let encoded: [UInt8]

    package init(upstream: String, endpoint: String) {
        self.upstream = upstream
        self.endpoint = endpoint
        encoded = AccessRecord.encode(upstream) + AccessRecord.encode(endpoint)
    }
}
