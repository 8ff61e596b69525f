package import Schema

/// Who sets the TXT records of DNS-01: exactly one.
package struct DNSChallengeSettings: Settings {
    @Setting(
        "Program that is called as `PROGRAM present|cleanup RECORD VALUE`, with the same in the environment (`SLUICE_ACME_ACTION`, `_NAME`, `_RECORD`, `_VALUE`)."
    )
    package var exec: ConfigurationFile?

    @Setting("Dynamic updates of the zone (RFC 2136).")
    package var rfc2136: DNSUpdate?

    @Setting("URL that is sent `{ action, name, record, type, value, ttl }`; `action` is `present` or `cleanup`.")
    package var webhook: DNSWebhook?

    @Setting("From when a record is set to when the authority is told: all name servers of the zone must have it by then.", .zero ... .seconds(3600))
    package var propagation: Duration = .seconds(10)

    package var origin = Origin()
    package init() {}

    /// How many were named.
    var providers: Int { (exec == nil ? 0 : 1) + (rfc2136 == nil ? 0 : 1) + (webhook == nil ? 0 : 1) }
}

package struct DNSUpdate: Settings {
    @Setting("Host and port of the zone's primary name server, such as `ns1.example.com:53`.")
    package var server: EndpointAddress

    @Setting("Zone. Left out: the server is asked.")
    package var zone: ServerName?

    @Setting("Key that updates are signed with (TSIG, HMAC-SHA256). Left out: not signed.")
    package var key: TransactionSignature?

    package init() {}
}

package struct TransactionSignature: Settings {
    @Setting("Name of the key, as the server knows it.")
    package var name: ServerName

    @Setting("The key: base64 text.")
    package var secret: String

    package init() {}
}

package struct DNSWebhook: Settings {
    @Setting("URL that is posted to. Any 2xx is success.")
    package var url: String

    @Setting("Sent as `Authorization: Bearer …`.")
    package var token: String?

    package init() {}
}
