package import Schema

/// What browsers are told to remember: that this host is reached over TLS only (HSTS, RFC 6797).
package struct TransportSecuritySettings: Settings {
    @Setting("How long browsers remember it; 0 makes them forget.", .zero ... .seconds(86400 * 3650))
    package var maxAge: Duration = .seconds(86400 * 180)

    @Setting("For all hosts below this one, too.")
    package var includeSubdomains: Bool = false

    @Setting("Agree to be put into the lists that browsers come with.")
    package var preload: Bool = false

    package var origin = Origin()
    package init() {}

    /// The field's value (RFC 6797 §6.1).
    package var text: String {
        "max-age=\(maxAge.components.seconds)" + (includeSubdomains ? "; includeSubDomains" : "") + (preload ? "; preload" : "")
    }
}
