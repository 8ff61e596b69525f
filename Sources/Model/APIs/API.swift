package import Schema

/// A named, versioned set of routes.
package struct API: Settings {
    @Setting("Name in logs, metrics and messages.")
    package var name: String

    @Setting("Version, for people and the catalogue; it takes no part in matching.")
    package var version: String?

    @Setting("Hosts: exact names, or `*.example.org` for every name below. Left out: any host.")
    package var hosts: [HostPattern] = []

    @Setting("Public path prefix of all routes; removed before forwarding unless `keepBasePath`.")
    package var basePath: BasePath = .root

    @Setting("Forward the base path too.")
    package var keepBasePath: Bool = false

    @Setting("What happens to `%2F` in paths: `keep` it, `reject` the request with 400, or `decode` it before matching.")
    package var encodedSlashes: EncodedSlashes = .keep

    @Setting("Protocols that clients may switch to with `Upgrade`; requests for others are forwarded without it. Left out: `[websocket]`.")
    package var upgrade: [String]?

    @Setting(
        "Which requests are refused first when the gateway is overloaded (`runtime.overload`): `low` ones, then `normal` ones, `critical` ones never."
    )
    package var importance: Importance = .normal

    @Setting("Policies for every route of the API.")
    package var policies: [PolicyEntry] = []

    @Setting("What is served.")
    package var routes: [Route] = []

    package var origin = Origin()
    package static var reserved: [String] { ["openapi"] }
    package init() {}
}

package enum EncodedSlashes: String, SettingChoice {
    case keep, reject, decode
}
