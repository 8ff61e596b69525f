package import Schema

package struct SplitTarget: Settings {
    @Setting("Upstream.")
    package var upstream: String

    @Setting("Share of requests, relative to the other targets; 0 takes none.", 0...1_000_000)
    package var weight: Int = 1

    package var origin = Origin()
    package init() {}
}

package struct Redirect: Settings {
    @Setting("Location: a template of path parameters, `{id}`, `{*}` for what a prefix left, `$1` for groups of `pathRegex`.")
    package var to: Template

    @Setting("Status code.")
    package var status: RedirectStatus = .temporaryRedirect

    package init() {}
}

package enum RedirectStatus: String, SettingChoice {
    case movedPermanently = "301"
    case found = "302"
    case seeOther = "303"
    case temporaryRedirect = "307"
    case permanentRedirect = "308"

    package static var isNumeric: Bool { true }
    package var code: Int {
        switch self {
        case .movedPermanently: 301
        case .found: 302
        case .seeOther: 303
        case .temporaryRedirect: 307
        case .permanentRedirect: 308
        }
    }
}

package struct Respond: Settings {
    @Setting("Status code.", 200...599)
    package var status: Int = 200

    @Setting("Header name to value.")
    package var headers: OrderedMap<String> = [:]

    @Setting("Body: a template in which `{id}` stands for a path parameter of the route; other braces stay as they are.")
    package var body: Template = Template(text: "")

    package init() {}
}

package struct Rewrite: Settings {
    @Setting("Path to forward, in place of the client's; a template as in `redirect.to`. The query stays.")
    package var path: Template?

    package var origin = Origin()
    package init() {}
}
