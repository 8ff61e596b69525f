package import Reactor

/// What a key has left of one window, for operators.
package struct WindowReport: Sendable, Equatable {
    package var window: RateWindow
    package var remaining: Int
    /// Until there is more; 0 if nothing is spent.
    package var reset: Nanoseconds

    package init(window: RateWindow, remaining: Int, reset: Nanoseconds) {
        self.window = window
        self.remaining = remaining
        self.reset = reset
    }
}

/// What a limiter takes of this process's memory.
package struct LimiterFigures: Sendable, Equatable {
    /// Keys that are remembered.
    package var keys: Int
    /// Keys that were forgotten for lack of room while they still had something spent.
    package var evictions: Int
    /// Bytes.
    package var memory: Int

    package init(keys: Int, evictions: Int, memory: Int) {
        self.keys = keys
        self.evictions = evictions
        self.memory = memory
    }
}
