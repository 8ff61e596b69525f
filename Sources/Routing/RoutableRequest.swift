package import Expressions
package import Primitives

/// What routing asks of a request. A match reads each property at most once, and headers, query and client address only when
/// a route that fits so far has a condition on them.
package protocol RoutableRequest {
    var method: HTTPMethod { get }
    /// The method as it came, for messages; routes see `method`.
    var methodName: ByteView { get }
    /// In lower case, without port and trailing dot; empty when the request named none.
    var host: ByteView { get }
    /// Normalised (escapes in upper case, unreserved characters decoded, no dot segments), without the query. Begins with
    /// "/", or is "*" (RFC 9112 §3.2.4).
    var path: ByteView { get }
    var clientAddress: IPAddress { get }
    /// Whether it is a call of gRPC or gRPC-Web.
    var isCall: Bool { get }

    /// Calls `body` with the value of every header line called `named` (lower case), in order, until it answers false.
    func forEachHeader(named: ByteView, _ body: (ByteView) -> Bool)
    /// Whether an expression over `request` and `source` holds.
    func holds(_ expression: Expression) -> Bool
    /// Calls `body` with the decoded value of every query parameter called `named`, in order, until it answers false.
    func forEachQuery(named: ByteView, _ body: (ByteView) -> Bool)
}
