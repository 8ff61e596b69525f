package import Model
import PolicyKit
package import Schema

/// Remembers what a service has said.
package struct DecisionCacheSettings: Settings {
    @Setting(
        """
        Requests for which it is the same share an answer: an expression such as `request.headers["authorization"]`. It has to hold all that the \
        service looks at. Requests for which it has no value are asked about.
        """)
    package var key: ExpressionText

    @Setting("How long an answer is remembered.", .milliseconds(1) ... .seconds(86_400))
    package var ttl: Duration = .seconds(30)

    @Setting("Answers that an event loop remembers at most.", 2...1_000_000)
    package var capacity: Int = 10_000

    package init() {}
}

extension DecisionMemory {
    /// Nil where nothing is to be remembered.
    static func make(_ settings: DecisionCacheSettings?, dependsOnBody: Bool, _ context: PolicyContext) throws(PolicyError) -> DecisionMemory? {
        guard let settings else { return nil }
        guard !dependsOnBody else {
            throw PolicyError("answers that depend on bodies can't be remembered", at: settings.$key.position, path: "cache")
        }
        let key = try context.compile(settings.key, "cache.key")
        return try DecisionMemory(key: .expression(key), ttl: settings.ttl, capacity: settings.capacity, context)
    }
}
