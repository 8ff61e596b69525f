package import GatewayCore
package import Primitives

/// Acts when a request's head is there, before anything is sent upstream.
package protocol RequestPolicy: Policy {
    /// Runs on the exchange's loop and must not wait.
    func onRequest(_ exchange: Exchange) -> Verdict
}

/// Acts when a response's head is there, before anything is sent to the client: the upstream's response, or the gateway's own.
package protocol ResponsePolicy: Policy {
    func onResponse(_ exchange: Exchange) -> Verdict
}

/// Acts when everything is over. Can change nothing any more, and must not fail.
package protocol FinishPolicy: Policy {
    func onFinish(_ exchange: Exchange)
}

/// A `RequestPolicy` that may have to wait: for a store, for a callout, for work on another thread.
package protocol AsyncRequestPolicy: Policy {
    /// The verdict if it is known without waiting; then the exchange costs no task.
    func verdict(_ exchange: Exchange) -> Verdict?

    /// Runs on the exchange's loop, in a task that is cancelled when the client leaves.
    func onRequest(_ exchange: Exchange) async -> Verdict
}

extension AsyncRequestPolicy {
    package func verdict(_ exchange: Exchange) -> Verdict? { nil }
}

/// A `ResponsePolicy` that may have to wait. The upstream's body waits too.
package protocol AsyncResponsePolicy: Policy {
    /// The verdict if it is known without waiting; then the exchange costs no task.
    func verdict(ofResponse exchange: Exchange) -> Verdict?

    func onResponse(_ exchange: Exchange) async -> Verdict
}

extension AsyncResponsePolicy {
    package func verdict(ofResponse exchange: Exchange) -> Verdict? { nil }
}

/// Sees the body of requests: as a stream, or whole.
package protocol RequestBodyPolicy: Policy {
    /// What it wants of this exchange's body. Asked at the policy's place in the chain, behind its `onRequest`.
    func requestBody(_ exchange: Exchange) -> BodyDemand

    /// The whole body, as `.whole` has asked for; what the buffer holds afterwards is sent on.
    func onRequestBody(_ exchange: Exchange, _ body: ByteBuffer) -> Verdict
}

extension RequestBodyPolicy {
    package func onRequestBody(_ exchange: Exchange, _ body: ByteBuffer) -> Verdict { .proceed }
}

/// A `RequestBodyPolicy` that may have to wait once the whole body is there: for a store, for a callout, for work on another thread.
package protocol AsyncRequestBodyPolicy: RequestBodyPolicy {
    /// Called in place of `onRequestBody`. Runs on the exchange's loop, in a task that is cancelled when the client leaves.
    func onWholeRequestBody(_ exchange: Exchange, _ body: ByteBuffer) async -> Verdict
}

/// Sees the body of responses: as a stream, or whole.
package protocol ResponseBodyPolicy: Policy {
    /// What it wants of this exchange's response body. Asked at the policy's place in the chain, behind its `onResponse`.
    func responseBody(_ exchange: Exchange) -> BodyDemand

    /// The whole body, as `.whole` has asked for; what the buffer holds afterwards is sent on.
    func onResponseBody(_ exchange: Exchange, _ body: ByteBuffer) -> Verdict
}

extension ResponseBodyPolicy {
    package func onResponseBody(_ exchange: Exchange, _ body: ByteBuffer) -> Verdict { .proceed }
}
