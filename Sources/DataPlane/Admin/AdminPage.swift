import GatewayCore
import PolicyKit
import Primitives

/// What the admin address serves.
enum AdminPage {
    case healthz
    case readyz
    case metrics
    case status
    case certificates
    case limits
    case counters
    case guards
    /// To be ended.
    case ban(CIDR)
    case policies
    case policy(PolicyDescription)

    private static let pages: [(path: String, page: AdminPage)] = [
        ("/healthz", .healthz), ("/readyz", .readyz), ("/metrics", .metrics), ("/api/v1/status", .status),
        ("/api/v1/certificates", .certificates), ("/api/v1/guards", .guards), ("/api/v1/limits", .limits),
        ("/api/v1/limits/counters", .counters), (schemas, .policies),
    ]
    private static let bans = "/api/v1/guards/bans/"
    private static let schemas = "/api/v1/schemas/policies"

    /// What may be asked of it beside looking.
    var methods: HTTPMethodSet {
        let looking = HTTPMethodSet(.get).union(HTTPMethodSet(.head))
        return switch self {
        case .limits, .counters: looking.union(HTTPMethodSet(.delete))
        default: looking
        }
    }

    init(path: String, _ policies: PolicyRegistry) throws(GatewayError) {
        if let page = AdminPage.pages.first(where: { $0.path == path })?.page {
            self = page
        } else if path.hasPrefix(AdminPage.schemas + "/") {
            let name = String(path.dropFirst(AdminPage.schemas.count + 1))
            guard let policy = policies.description(of: name) else {
                throw GatewayError(.routeNotFound, .gateway, policies.unknown(name))
            }
            self = .policy(policy)
        } else if path.hasPrefix(AdminPage.bans) {
            let text = String(path.dropFirst(AdminPage.bans.count)).replacing("%2F", with: "/").replacing("%2f", with: "/")
            guard let network = CIDR(parsing: text) else {
                throw GatewayError(.routeNotFound, .gateway, "A ban is named by its address or prefix, such as 198.51.100.7 or 2001:db8::/64.")
            }
            self = .ban(network)
        } else {
            let all = AdminPage.pages.map(\.path) + ["\(AdminPage.schemas)/NAME", "DELETE \(AdminPage.bans)NETWORK"]
            throw GatewayError(.routeNotFound, .gateway, "The admin address serves \(all.joined(separator: ", ")).")
        }
    }
}
