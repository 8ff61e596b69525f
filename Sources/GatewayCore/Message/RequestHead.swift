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
    /// The request-target that is sent upstream; empty until it is decided.
    package var forwardSpan = Span()
    /// The host in lower case, without port and trailing dot; empty when unknown.
    package var hostSpan = Span()
    /// The authority as the client wrote it, with its port: what `hostHeader: preserve` forwards.
    package var authoritySpan = Span()
    /// 0 or 1, of HTTP/1.x.
    package var minorVersion: UInt8 = 1
    package var framing: BodyFraming = .none
    /// The client waits for `100 Continue` before it sends the body.
    package var expectsContinue = false
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
        forwardSpan = Span()
        hostSpan = Span()
        authoritySpan = Span()
        minorVersion = 1
        framing = .none
        expectsContinue = false
        keepAlive = true
    }
}
