/// What is asked about a name.
struct NameQuestion: Hashable, Sendable {
    enum Kind: Hashable, Sendable { case addresses, services }

    /// In lower case: names are the same in any case (RFC 4343).
    let host: String
    let kind: Kind

    init(_ host: String, _ kind: Kind = .addresses) {
        self.host = host.lowercased()
        self.kind = kind
    }
}
