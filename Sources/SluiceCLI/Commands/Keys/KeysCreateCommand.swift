import ArgumentParser
import GatewayCore
import Glibc
import Identity
import Model
import Schema
import Storage

struct KeysCreateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Makes an API key for a consumer and prints it: this once, and never again.",
        discussion: """
            The key goes to standard output. Its hash goes into the database; without one, the lines to add to the configuration \
            are printed on standard error.
            """)

    @OptionGroup var database: DatabaseOption
    @Option(help: "Whose key it is.") var consumer: String
    @Option(help: "The consumer's application, if the key is for one.") var application: String?
    @Option(name: .customLong("group"), help: "A group of a consumer that is new in the database. May be repeated.") var groups: [String] = []
    @Option(name: .customLong("plan"), help: "A plan of the key, in place of those of its consumer. May be repeated.") var plans: [String] = []
    @Option(help: "When it ends: a time from now such as 90d, a date, or a moment such as 2027-03-31T22:00:00Z.") var expires: String?

    func run() throws {
        guard !consumer.isEmpty else { throw Failure("--consumer needs a name.") }
        let now = time(nil)
        let end = try expires.map { try KeysCreateCommand.moment($0, now: now) }
        let configuration = try database.load()
        if let configuration { try check(plans, configuration.plans.map(\.name)) }
        let path = try database.path(configuration)
        let key: APIKeyText
        do throws(CryptoError) {
            key = try APIKeyText.random()
        } catch {
            throw Failure("There are no random bytes for a key: \(error).")
        }
        let identity = try IdentityKey.apiKey(Array(key.text.utf8))
        if let path {
            try store(identity, id: key.description, expires: end, now: now, in: path, configuration)
            Console.error("Key \(key) of \(consumer) is in \(path). It is shown this once:")
        } else {
            Console.error(lines(identity, id: key.description, expires: end))
        }
        Console.output(key.text)
    }

    private func store(_ key: IdentityKey, id: String, expires: Moment?, now: Int, in path: String, _ configuration: Configuration?) throws {
        let isInFile = configuration?.consumers.contains { $0.name == consumer } ?? false
        let owner = Consumer(name: consumer, groups: groups, application: application)
        let isNew = try DatabaseOption.withTables(path) { (tables) throws(SQLiteError) in
            let isNew = try tables.consumer(named: consumer) == nil
            if isNew || !groups.isEmpty { try tables.put(ConsumerRecord(Consumer(name: consumer, groups: groups))) }
            try tables.add(
                [CredentialRecord(key: key, id: id, consumer: owner, plans: plans.isEmpty ? nil : plans, expires: expires.map { Int($0.seconds) })],
                created: now)
            return isNew
        }
        if isNew, !isInFile { Console.error("Consumer \(consumer) is new.") }
    }

    private func lines(_ key: IdentityKey, id: String, expires: Moment?) -> String {
        var lines = ["Add to the credentials of \(consumer):", "", "  - apiKeyHash: \(key.hashText)", "    name: \(id)"]
        if !plans.isEmpty { lines.append("    plans: [\(plans.joined(separator: ", "))]") }
        if let expires { lines.append("    expires: \(expires.text)") }
        return (lines + ["", "The key is shown this once:"]).joined(separator: "\n")
    }

    private func check(_ plans: [String], _ known: [String]) throws {
        for plan in plans where !known.contains(plan) {
            let question = Suggestion.question(plan, among: known).map { ": \($0)" } ?? "."
            throw Failure("The configuration has no plan called \(plan)\(question)")
        }
    }

    /// - Parameter now: seconds since 1970.
    static func moment(_ text: String, now: Int) throws -> Moment {
        if let moment = Moment(parsing: text) {
            guard moment.seconds > now else { throw Failure("\(text) is past.") }
            return moment
        }
        guard let duration = Duration(setting: text), duration > .zero, duration < .seconds(36_500 * 86_400) else {
            throw Failure("--expires takes a time from now such as 90d, a date such as 2027-03-31, or a moment such as 2027-03-31T22:00:00Z.")
        }
        return Moment(seconds: Int64(now) + duration.components.seconds)
    }
}
