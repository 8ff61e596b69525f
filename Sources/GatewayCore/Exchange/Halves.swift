package import Primitives

/// The half of an exchange that faces the client: takes a response, gives the request's body.
///
/// Calls come in the order `informational* head body* (end | abort)`. What is written is gathered and sent by `flush`.
package protocol Downstream: AnyObject {
    /// Sends `exchange.response`, a head of 1xx, at once.
    func sendInformational(_ exchange: Exchange)
    /// Begins the response with `exchange.response`.
    func sendHead(_ exchange: Exchange)
    func sendBody(_ bytes: ByteView)
    /// The response is complete. `trailers` go to clients that can take them.
    func sendEnd(trailers: HeaderFields?)
    /// The response can't be completed: the client must not take it for a whole one.
    func abort(_ error: GatewayError)
    /// Ends the whole connection, whatever else it carries: nothing of this client is wanted any more.
    func hangUp(_ error: GatewayError)
    /// Hands everything that was gathered to the socket. False: wait for `Upstream.downstreamWritable`.
    @discardableResult func flush() -> Bool
    /// More of the request's body is wanted. (Telling a client that waits for `100 Continue` is `sendInformational`.)
    func wantsRequestBody()
    /// Whether the last flush could not send everything.
    var isBackedUp: Bool { get }
    /// The certificate that the client has shown on this connection.
    var certificate: ClientCertificate? { get }
}

extension Downstream {
    package var certificate: ClientCertificate? { nil }
    package func hangUp(_ error: GatewayError) { abort(error) }
}

/// The half of an exchange that takes the request's body and gives the response.
package protocol Upstream: AnyObject {
    /// A piece of the request's body. False: send no more until `Downstream.wantsRequestBody`.
    func requestBody(_ bytes: ByteView) -> Bool
    /// The request's body is complete.
    func requestEnd(trailers: HeaderFields?)
    /// Everything that one read brought has been passed on.
    func requestFlush()
    /// The client is gone or has broken the protocol: let go of the exchange.
    func cancel(_ error: GatewayError)
    /// The client can take more of the response.
    func downstreamWritable()
}

/// An upstream half that changes or counts the request's body before another takes it.
package protocol RequestFilter: Upstream {
    var target: (any Upstream)? { get set }
}

/// Told what happens to an exchange by the parts that carry it.
package protocol ExchangeObserver: AnyObject {
    /// The upstream's response head is in `exchange.response`. False: the observer has taken the exchange back (to try
    /// it elsewhere).
    func upstreamAnswered(_ exchange: Exchange) -> Bool
    /// The exchange could not be carried through before its response began.
    func upstreamFailed(_ exchange: Exchange, _ error: GatewayError)
    /// The exchange is over, well or not. Called once, last.
    func finished(_ exchange: Exchange)
}

/// Begins to answer an exchange, on the exchange's loop.
///
/// When `exchange.error` is set, the request was refused by the engine and the handler only renders that.
package typealias Handler = (Exchange) -> Void
