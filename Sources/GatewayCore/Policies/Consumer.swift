/// Who calls: an application with credentials and groups, as an authenticating policy found out.
package final class Consumer: Sendable {
    package let name: String
    package let groups: [String]
    /// Whatever else the configuration says of it.
    package let attributes: [(name: String, value: String)]

    package init(name: String, groups: [String] = [], attributes: [(name: String, value: String)] = []) {
        self.name = name
        self.groups = groups
        self.attributes = attributes
    }
}
