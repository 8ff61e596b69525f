/// Who calls: somebody with credentials and groups, as an authenticating policy found out.
package final class Consumer: Sendable {
    package let name: String
    package let groups: [String]
    /// Whatever else the configuration says of it.
    package let attributes: [(name: String, value: String)]
    /// Which of the consumer's applications it is that calls; nil for the consumer itself.
    package let application: String?

    package init(
        name: String, groups: [String] = [], attributes: [(name: String, value: String)] = [], application: String? = nil
    ) {
        self.name = name
        self.groups = groups
        self.attributes = attributes
        self.application = application
    }
}
