package import Schema

/// Who calls: somebody with credentials and groups.
package struct ConsumerSettings: Settings {
    @Setting("Name in logs, metrics and expressions.")
    package var name: String

    @Setting("Groups that the consumer belongs to.")
    package var groups: [String] = []

    @Setting("Whatever else policies should know: name to value, `consumer.attributes` in expressions.")
    package var attributes: OrderedMap<String> = [:]

    @Setting("Plans of the consumer: what it may do, and how often.")
    package var plans: [String] = []

    @Setting("What the consumer identifies itself with.")
    package var credentials: [Credential] = []

    @Setting("Applications of the consumer with credentials of their own.")
    package var applications: [ApplicationSettings] = []

    @Setting("`false` refuses all the consumer's credentials, as if they did not exist.")
    package var enabled: Bool = true

    package var origin = Origin()
    package init() {}
}

/// One of the programs that a consumer calls from. Belongs to the consumer's groups, and is told apart by its name.
package struct ApplicationSettings: Settings {
    @Setting("Name among the consumer's applications: `consumer.application` in expressions.")
    package var name: String

    @Setting("Groups of the application, beside those of the consumer.")
    package var groups: [String] = []

    @Setting("Attributes of the application; they go before those of the consumer.")
    package var attributes: OrderedMap<String> = [:]

    @Setting("Plans of the application. Left out: those of the consumer.")
    package var plans: [String]?

    @Setting("What the application identifies itself with.")
    package var credentials: [Credential] = []

    @Setting("`false` refuses all the application's credentials.")
    package var enabled: Bool = true

    package init() {}
}
