import GatewayCore
import Identity
import PolicyKit
import Schema

/// Consumers and groups of a list.
struct ACLSet: Sendable {
    /// What to write into the log, by name.
    private let consumers: [String: String]
    private let groups: [String: String]

    init(_ list: ACLSubjects, _ path: String, _ context: PolicyContext) throws(PolicyError) {
        guard !list.consumers.isEmpty || !list.groups.isEmpty else {
            throw PolicyError(
                path == "allow" ? "nobody would be let pass" : "nobody would be refused", at: list.origin.position, path: path,
                remedy: "such as `{ groups: [partners] }`")
        }
        consumers = Dictionary(list.consumers.map { ($0, "\(path) consumer \($0)") }, uniquingKeysWith: { first, _ in first })
        groups = Dictionary(list.groups.map { ($0, "\(path) group \($0)") }, uniquingKeysWith: { first, _ in first })
        // A database may know more consumers and groups than the file.
        guard context.identities.store == nil else { return }
        for (i, name) in list.consumers.enumerated() where context.identities.file.consumer(named: name) == nil {
            context.warn("there is no consumer called `\(name)`", at: list.$consumers.position, path: "\(path).consumers[\(i)]")
        }
    }

    /// The entry that the consumer is on the list by.
    func match(_ consumer: Consumer) -> String? {
        if !consumers.isEmpty, let entry = consumers[consumer.name] { return entry }
        if groups.isEmpty { return nil }
        for group in consumer.groups { if let entry = groups[group] { return entry } }
        return nil
    }
}
