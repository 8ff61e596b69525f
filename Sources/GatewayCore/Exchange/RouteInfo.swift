package import Primitives

/// What everybody may know of the route that an exchange took.
package final class RouteInfo: Sendable {
    package let api: String
    package let name: String
    /// Names of the path parameters, in the order in which `PathCaptures` has their values.
    package let parameters: [String]
    /// The API's base path is removed before forwarding.
    package let stripsBasePath: Bool
    /// What it forwards to; empty where that is decided for each request, or nothing is forwarded.
    package let upstream: String

    package init(api: String, name: String, parameters: [String], stripsBasePath: Bool = false, upstream: String = "") {
        self.api = api
        self.name = name
        self.parameters = parameters
        self.stripsBasePath = stripsBasePath
        self.upstream = upstream
    }
}

/// The configuration that an exchange began with and keeps, as far as those who carry it may ask.
package protocol ExchangeSnapshot: AnyObject {
    /// The route with that index; nil for -1.
    func info(ofRoute index: Int) -> RouteInfo?
}

extension Exchange {
    /// The path that goes upstream as things stand: what a policy has made of it, else the client's without the API's base path
    /// where that is removed.
    package var forwardPath: ByteView {
        if let rewritten = request.rewrittenSpan { return request.view(rewritten) }
        guard routeInfo?.stripsBasePath ?? false, captures.pathStart > 0 else { return request.path }
        let rest = request.path.dropFirst(captures.pathStart)
        return rest.isEmpty ? ByteView("/") : rest
    }
}
