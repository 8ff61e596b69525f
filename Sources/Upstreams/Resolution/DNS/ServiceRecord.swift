/// One place where a service is, as an SRV record names it (RFC 2782).
package struct ServiceRecord: Equatable, Hashable, Sendable {
    /// Places of the lowest number are used first.
    package var priority: UInt16
    /// Share among those of the same priority.
    package var weight: UInt16
    package var port: UInt16
    /// A host name, in lower case.
    package var host: String

    package init(priority: UInt16, weight: UInt16, port: UInt16, host: String) {
        self.priority = priority
        self.weight = weight
        self.port = port
        self.host = host
    }

    /// Reads the data of a record; nil when it is malformed.
    init?(_ reader: inout DNSReader) {
        guard let priority = reader.word(), let weight = reader.word(), let port = reader.word(), let host = reader.name() else { return nil }
        self.init(priority: priority, weight: weight, port: port, host: host.text)
    }

    /// "The service is decidedly not available at this domain."
    var isNone: Bool { host.isEmpty }

    /// In an order of their own: servers rotate their answers, and a rotation is no change.
    static func sorted(_ records: [ServiceRecord]) -> [ServiceRecord] {
        Set(records.filter { !$0.isNone }).sorted {
            ($0.priority, $0.host, $0.port, $0.weight) < ($1.priority, $1.host, $1.port, $1.weight)
        }
    }
}
