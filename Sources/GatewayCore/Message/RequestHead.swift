package import Primitives

/// The head of a request. Reused from one exchange to the next; every view is into `fields.storage`.
package final class RequestHead {
    package let fields = HeaderFields()
    package var method: HTTPMethod = .get
    package var methodSpan = Span()
    /// The request-target as it came.
    package var targetSpan = Span()
    /// The normalised path, without query: what is matched, authorised and forwarded.
    package var pathSpan = Span()
    /// What follows `?`, as it came; nil when there is no `?`.
    package var querySpan: Span?
    /// The path that is forwarded in place of the client's, once a policy has decided on one.
    package var rewrittenSpan: Span?
    /// The method that is forwarded in place of the client's.
    package var rewrittenMethod: HTTPMethod?
    /// The `Host` that is forwarded, whatever `hostHeader` says.
    package var rewrittenHostSpan: Span?
    /// `querySpan` is no longer what came behind the path.
    package var isQueryEdited = false
    /// The request-target that is sent upstream; empty until it is decided.
    package var forwardSpan = Span()
    /// The host in lower case, without port and trailing dot; empty when unknown.
    package var hostSpan = Span()
    /// The authority as the client wrote it, with its port: what `hostHeader: preserve` forwards.
    package var authoritySpan = Span()
    /// 1 or 2.
    package var majorVersion: UInt8 = 1
    /// 0 or 1, of HTTP/1.x; 0 of HTTP/2.
    package var minorVersion: UInt8 = 1
    /// The protocol that the client asks to switch to, `websocket` for one: a token of `Upgrade` (RFC 9110 §7.8), or
    /// `:protocol` of an extended CONNECT (RFC 8441). Empty when it asks for none.
    package var upgradeSpan = Span()
    package var framing: BodyFraming = .none
    /// How the body is sent on, where that is not as it came, because policies have changed it.
    package var changedFraming: BodyFraming?
    /// How the body is sent on.
    package var forwardFraming: BodyFraming { changedFraming ?? framing }
    /// The client waits for `100 Continue` before it sends the body.
    package var expectsContinue = false
    /// The client takes trailers (`TE: trailers`, RFC 9110 §10.1.4), which upstreams that speak HTTP/2 are told.
    package var acceptsTrailers = false
    /// The client wants the connection to stay.
    package var keepAlive = true

    package init() {}

    /// Offsets into the storage.
    package struct Span: Sendable, Equatable {
        package var start: Int32 = 0
        package var count: Int32 = 0
        package init() {}
        package init(_ range: Range<Int>) {
            start = Int32(truncatingIfNeeded: range.lowerBound)
            count = Int32(truncatingIfNeeded: range.count)
        }
        package var range: Range<Int> { Int(start)..<Int(start) + Int(count) }
        package var isEmpty: Bool { count == 0 }
    }

    package func view(_ span: Span) -> ByteView { fields.storage.view(span.range) }

    package var methodName: ByteView { view(methodSpan) }
    package var target: ByteView { view(targetSpan) }
    package var path: ByteView { view(pathSpan) }
    package var query: ByteView? { querySpan.map(view) }
    package var host: ByteView { view(hostSpan) }
    package var authority: ByteView { view(authoritySpan) }
    package var upgrade: ByteView { view(upgradeSpan) }

    /// The method that the upstream sees; whether its response has a body depends on it.
    package var forwardMethod: HTTPMethod { rewrittenMethod ?? method }

    /// Bytes of the body as far as they are announced: 0 without a body, -1 for one whose length nobody knows yet.
    package var announcedSize: Int {
        switch framing {
        case .none: 0
        case .length(let count): count
        default: -1
        }
    }

    /// Appends bytes that belong to this head and answers where they are.
    package func store(_ write: (ByteBuffer) -> Void) -> Span {
        let start = fields.storage.count
        write(fields.storage)
        return Span(start..<fields.storage.count)
    }

    package func clear() {
        fields.clear()
        method = .get
        methodSpan = Span()
        targetSpan = Span()
        pathSpan = Span()
        querySpan = nil
        rewrittenSpan = nil
        rewrittenMethod = nil
        rewrittenHostSpan = nil
        isQueryEdited = false
        forwardSpan = Span()
        hostSpan = Span()
        authoritySpan = Span()
        majorVersion = 1
        minorVersion = 1
        upgradeSpan = Span()
        framing = .none
        changedFraming = nil
        expectsContinue = false
        acceptsTrailers = false
        keepAlive = true
    }
}
