/// Who calls: somebody with credentials and groups, as an authenticating policy found out.
package final class Consumer: Sendable {
    package let name: String
    package let groups: [String]
    /// Whatever else the configuration says of it.
    package let attributes: [(name: String, value: String)]
    /// Which of the consumer's applications it is that calls; nil for the consumer itself.
    package let application: String?
    /// Names of the plans that it calls under: those of the credential, the application or the consumer, the first that has any said.
    package let plans: [String]

    package init(
        name: String, groups: [String] = [], attributes: [(name: String, value: String)] = [], application: String? = nil, plans: [String] = []
    ) {
        self.name = name
        self.groups = groups
        self.attributes = attributes
        self.application = application
        self.plans = plans
    }

    /// The same caller under other plans.
    package func under(_ plans: [String]) -> Consumer {
        Consumer(name: name, groups: groups, attributes: attributes, application: application, plans: plans)
    }
}
