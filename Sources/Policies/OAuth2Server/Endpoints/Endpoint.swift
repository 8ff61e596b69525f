import GatewayCore
import Primitives

/// What a token server answers.
enum Endpoint: String, Sendable, CaseIterable {
    case authorize = "/authorize"
    case token = "/token"
    case deviceAuthorization = "/device_authorization"
    case device = "/device"
    case revoke = "/revoke"
    case introspect = "/introspect"
    case userInfo = "/userinfo"
    case logout = "/logout"
    case keys = "/jwks"
    case metadata = "/.well-known/oauth-authorization-server"
    case openIDConfiguration = "/.well-known/openid-configuration"

    var methods: [HTTPMethod] {
        switch self {
        case .token, .deviceAuthorization, .revoke, .introspect: [.post]
        case .authorize, .device, .userInfo, .logout: [.get, .head, .post]
        case .keys, .metadata, .openIDConfiguration: [.get, .head]
        }
    }

    var allow: String { methods.map { "\($0.name)" }.joined(separator: ", ") }

    /// Answers with pages.
    var isForPeople: Bool { self == .authorize || self == .device || self == .logout }
}

/// Where the endpoints are, below the issuer's path.
struct EndpointPaths: Sendable {
    let isSecure: Bool
    let origin: String
    private let issuer: String
    private let places: [(path: [UInt8], endpoint: Endpoint)]

    /// - Parameters:
    ///   - issuer: without a slash at the end.
    ///   - path: of the issuer, without a slash at the end.
    init(issuer: String, origin: String, path: String, isSecure: Bool) {
        self.issuer = issuer
        self.origin = origin
        self.isSecure = isSecure
        var places = Endpoint.allCases.map { (path: Array("\(path)\($0.rawValue)".utf8), endpoint: $0) }
        // Where RFC 8414 §3.1 looks for it.
        if !path.isEmpty { places.append((Array("\(Endpoint.metadata.rawValue)\(path)".utf8), .metadata)) }
        self.places = places
    }

    func url(_ endpoint: Endpoint) -> String { "\(issuer)\(endpoint.rawValue)" }

    func endpoint(at path: ByteView) -> Endpoint? {
        places.first { place in place.path.withView { $0 == path } }?.endpoint
    }
}
