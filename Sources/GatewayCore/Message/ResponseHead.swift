package import Primitives

/// The head of a response, from an upstream or of the gateway's own making. Reused like `RequestHead`.
package final class ResponseHead {
    package let fields = HeaderFields()
    package var status = 0
    package var reasonSpan = RequestHead.Span()
    package var majorVersion: UInt8 = 1
    package var minorVersion: UInt8 = 1
    package var framing: BodyFraming = .none
    /// The upstream keeps the connection.
    package var keepAlive = true

    package init() {}

    package var reason: ByteView { fields.storage.view(reasonSpan.range) }
    package var isInformational: Bool { status >= 100 && status < 200 }

    package func clear() {
        fields.clear()
        status = 0
        reasonSpan = RequestHead.Span()
        majorVersion = 1
        minorVersion = 1
        framing = .none
        keepAlive = true
    }
}
