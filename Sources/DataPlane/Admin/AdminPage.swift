import GatewayCore
import PolicyKit

/// What the admin address serves.
enum AdminPage {
    case healthz
    case readyz
    case metrics
    case status
    case certificates
    case policies
    case policy(PolicyDescription)

    private static let pages: [(path: String, page: AdminPage)] = [
        ("/healthz", .healthz), ("/readyz", .readyz), ("/metrics", .metrics), ("/api/v1/status", .status),
        ("/api/v1/certificates", .certificates), (schemas, .policies),
    ]
    private static let schemas = "/api/v1/schemas/policies"

    init(path: String, _ policies: PolicyRegistry) throws(GatewayError) {
        if let page = AdminPage.pages.first(where: { $0.path == path })?.page {
            self = page
        } else if path.hasPrefix(AdminPage.schemas + "/") {
            let name = String(path.dropFirst(AdminPage.schemas.count + 1))
            guard let policy = policies.description(of: name) else {
                throw GatewayError(.routeNotFound, .gateway, policies.unknown(name))
            }
            self = .policy(policy)
        } else {
            let all = AdminPage.pages.map(\.path) + ["\(AdminPage.schemas)/NAME"]
            throw GatewayError(.routeNotFound, .gateway, "The admin address serves \(all.joined(separator: ", ")).")
        }
    }
}
