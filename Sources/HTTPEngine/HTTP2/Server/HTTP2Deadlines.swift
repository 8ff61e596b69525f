import Reactor

/// What an HTTP/2 connection waits for, and until when. The connection has one timer, for the first of them.
struct HTTP2Deadlines {
    /// The client's SETTINGS, or a head that has begun, must be complete.
    var head = Instant.never
    /// The last GOAWAY is sent.
    var goAway = Instant.never
    /// A client that took too little must have taken something.
    var output = Instant.never
    /// Without streams: the connection has been idle long enough. With streams: time to look for those that stand still.
    var streams = Instant.never

    var first: Instant { min(min(head, goAway), min(output, streams)) }
}
