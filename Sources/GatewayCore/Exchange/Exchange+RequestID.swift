package import Primitives

/// The id of an exchange: the same in what is forwarded, in answers, problem documents and the access log.
extension Exchange {
    /// Most bytes of an id that somebody else has given.
    package static let longestRequestID = 128

    /// Takes over the id that a trusted peer has given, if logs can hold it: 1 to 128 unreserved characters (RFC 3986 §2.3).
    ///
    /// - Parameter given: a value of `request.fields`.
    @discardableResult
    package func keepRequestID(_ given: ByteView) -> Bool {
        guard !given.isEmpty, given.count <= Exchange.longestRequestID else { return false }
        for i in 0..<given.count where !ASCII.isUnreserved(given[i]) { return false }
        let start = request.fields.storage.view.offset(of: given)
        givenRequestID = RequestHead.Span(start..<start + given.count)
        return true
    }

    /// The gateway's own id counts again.
    package func forgetGivenRequestID() { givenRequestID = RequestHead.Span() }

    /// The id that was taken over; empty when it is the gateway's own.
    package var keptRequestID: ByteView { request.view(givenRequestID) }

    /// Appends the id as text. `out` may be the storage of the request's fields.
    package func writeRequestID(to out: ByteBuffer) {
        if givenRequestID.isEmpty { return requestID.write(to: out) }
        // Room first: what is written may be a view of what is written to.
        out.reserve(Int(givenRequestID.count))
        out.append(request.view(givenRequestID))
    }
}
