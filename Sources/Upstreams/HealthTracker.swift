/// Turns the results of active checks into one endpoint's health. Pure; one per endpoint.
package struct HealthTracker: Sendable {
    package private(set) var isHealthy: Bool
    private var streak = 0
    private let healthyAfter: Int
    private let unhealthyAfter: Int

    /// Before its first check an endpoint counts as healthy: a gateway that starts serves at once.
    package init(healthyAfter: Int, unhealthyAfter: Int, isHealthy: Bool = true) {
        self.healthyAfter = max(1, healthyAfter)
        self.unhealthyAfter = max(1, unhealthyAfter)
        self.isHealthy = isHealthy
    }

    /// Notes a result; true when the endpoint's health has changed with it.
    package mutating func record(success: Bool) -> Bool {
        guard success != isHealthy else {
            streak = 0
            return false
        }
        streak += 1
        guard streak >= (isHealthy ? unhealthyAfter : healthyAfter) else { return false }
        isHealthy.toggle()
        streak = 0
        return true
    }
}
