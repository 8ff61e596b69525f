import Reactor

/// Is called exactly once, on the loop: with the answer, whose bytes are valid during the call, or with why there is none. An error that
/// the server answers with is a failure.
package typealias RedisCompletion = @Sendable (Result<RedisReply, StoreError>) -> Void

/// A command that waits or is under way; its bytes are in the pipeline.
struct RedisCall {
    var length = 0
    let issued: Instant
    let deadline: Instant
    /// Nil: any node of a cluster can answer.
    let slot: Int?
    /// May be sent again although it may have been executed.
    let isRepeatable: Bool
    let script: RedisScript?
    /// How often it was sent again.
    var repeats = 0
    var done: RedisCompletion?

    init(
        issued: Instant, deadline: Instant, slot: Int? = nil, isRepeatable: Bool = false, script: RedisScript? = nil, done: RedisCompletion?
    ) {
        self.issued = issued
        self.deadline = deadline
        self.slot = slot
        self.isRepeatable = isRepeatable
        self.script = script
        self.done = done
    }

    func fail(_ error: StoreError) { done?(.failure(error)) }

    /// Redirections, scripts that a server did not know: more are a server that goes round in circles.
    static let mostRepeats = 5
}
