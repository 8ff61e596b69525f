/// Something that operators, or what works for them, should hear of: told when it happens, not for each request that it concerns.
package struct Event: Sendable, Equatable {
    package struct Field: Sendable, Equatable {
        package var name: String
        package var value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Lower-case words joined by `_`: `quota_warning`.
    package var name: String
    /// One sentence for people, the same for all events of the name.
    package var message: String
    /// What it is about. No secrets: keys of callers are what `sluice limits` shows, too.
    package var fields: [Field]

    package init(_ name: String, _ message: String, _ fields: [Field] = []) {
        self.name = name
        self.message = message
        self.fields = fields
    }
}

/// Where events go.
package protocol EventSink: AnyObject, Sendable {
    /// Waits for nothing; any thread may call.
    func post(_ event: Event)
}

/// Nobody listens.
package final class NoEvents: EventSink {
    package init() {}
    package func post(_ event: Event) {}
}
