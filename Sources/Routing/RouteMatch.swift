package import Primitives

/// What routing decided about a request.
package enum RouteMatch: Hashable, Sendable {
    /// The `RouteRule.index` of the most specific rule that fits.
    case route(Int)
    /// No rule fits, but some would with another method: those methods (`Allow`, RFC 9110 §15.5.6). HEAD is in the set
    /// wherever GET is.
    case methodNotAllowed(HTTPMethodSet)
    case notFound
}
