package import Schema

/// How gateways find each other, without any server.
package struct GossipSettings: Settings {
    @Setting("UDP address and port on which this gateway hears the others.")
    package var address: BindAddress

    @Setting("Address and port at which the others reach it. Left out: `address`. Needed where that is all addresses of a machine, such as 0.0.0.0.")
    package var advertise: BindAddress?

    @Setting(
        "Secret that all of the gateways have, of at least 32 characters: `openssl rand -base64 32` makes one. What they say is encrypted with it.")
    package var key: String

    @Setting(
        "The secret from before, while it is changed: what is sealed with it is accepted too, and gateways that have only this one are answered with it."
    )
    package var previousKey: String?

    @Setting(
        "Addresses where other gateways may be found; one that answers is enough. A name stands for all of its addresses. The gateway's own may be among them."
    )
    package var seeds: [EndpointAddress] = []

    @Setting("How often gateways tell each other what has been spent of limits with the store `local-sync`.", .milliseconds(10) ... .seconds(10))
    package var interval: Duration = .milliseconds(100)

    @Setting(
        "For how long the share of a gateway that has vanished without a word is left to it: it may be cut off, and go on.",
        .zero ... .seconds(86400))
    package var missing: Duration = .seconds(300)

    package var origin = Origin()
    package init() {}
}
