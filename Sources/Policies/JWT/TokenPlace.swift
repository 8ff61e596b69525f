import GatewayCore
import PolicyKit
import Primitives
package import Schema

/// Where requests may carry a token (RFC 6750 §2).
package struct TokenPlaceSettings: Settings {
    @Setting("Header field. In `authorization` the scheme `Bearer` stands before the token, in others it may.")
    package var header: String?

    @Setting("Cookie.")
    package var cookie: String?

    @Setting("Query parameter. URLs end up in logs and histories, so this is for clients that can do nothing else.")
    package var query: String?

    package init() {}
}

/// The places, read in turn.
struct TokenPlaces: Sendable {
    enum Place: Sendable {
        case authorization
        case header([UInt8])
        case cookie([UInt8])
        case query([UInt8])
    }

    enum Reading {
        case none
        /// More than one: the upstream might believe another one than the gateway (RFC 6750 §2).
        case several
        /// Valid until the loop's scratch is used again, or the request's fields change.
        case token(ByteView)
    }

    private let places: [Place]

    init(_ settings: TokenPlaceSettings?, _ position: SourcePosition) throws(PolicyError) {
        guard let settings else {
            places = [.authorization]
            return
        }
        var places: [Place] = []
        if let header = settings.header?.lowercased() {
            try FieldTemplate.check(header, Array(header.utf8), position, "from.header")
            places.append(header == "authorization" ? .authorization : .header(Array(header.utf8)))
        }
        if let cookie = settings.cookie {
            guard !cookie.isEmpty, cookie.utf8.allSatisfy(ASCII.isToken) else {
                throw PolicyError("`\(cookie)` can't be the name of a cookie", at: position, path: "from.cookie")
            }
            places.append(.cookie(Array(cookie.utf8)))
        }
        if let query = settings.query {
            guard !query.isEmpty else { throw PolicyError("a query parameter has a name", at: position, path: "from.query") }
            places.append(.query(Array(query.utf8)))
        }
        guard !places.isEmpty else {
            throw PolicyError("there is no place to look at", at: position, path: "from", remedy: "such as `{ cookie: token }`")
        }
        self.places = places
    }

    func read(_ exchange: Exchange) -> Reading {
        // By far the most frequent.
        if places.count == 1, case .authorization = places[0] { return TokenPlaces.bearer(exchange.request.fields) }
        conceal(exchange)
        let scratch = exchange.tools.scratch
        scratch.clear()
        var count = 0
        func take(_ value: ByteView) -> Bool {
            let token = TokenPlaces.withoutScheme(value) ?? value
            if token.isEmpty { return true }
            count += 1
            if count == 1 { scratch.append(token) }
            return count < 2
        }
        for place in places {
            switch place {
            case .authorization:
                switch TokenPlaces.bearer(exchange.request.fields) {
                case .none: break
                case .several: return .several
                case .token(let token): _ = take(token)
                }
            case .header(let name): name.withView { exchange.request.fields.forEach(named: $0, take) }
            case .cookie(let name): name.withView { Cookies.forEach(exchange.request.fields, named: $0, take) }
            case .query(let name): name.withView { QueryString.forEach(exchange.request.query ?? ByteView(), named: $0, take) }
            }
        }
        return count == 0 ? .none : count > 1 ? .several : .token(scratch.view)
    }

    /// Keeps tokens out of the access log, which has the request's target as it came.
    private func conceal(_ exchange: Exchange) {
        for case .query(let name) in places { name.withView { exchange.maskParameters(named: $0) } }
    }

    private static func bearer(_ fields: HeaderFields) -> Reading {
        var token: ByteView?
        var count = 0
        fields.forEach(named: ByteView("authorization")) { value in
            count += 1
            token = withoutScheme(value)
            return count < 2
        }
        guard count < 2 else { return .several }
        return token.map { .token($0) } ?? .none
    }

    /// Nil: another scheme.
    private static func withoutScheme(_ value: ByteView) -> ByteView? {
        let length = BearerToken.schemeLength(of: value)
        guard length > 0 else { return nil }
        let token = value.dropFirst(length)
        return token[0] == 0x20 ? token.trimmed : token
    }

    /// Takes the token away before the request goes on.
    func remove(from exchange: Exchange) {
        for place in places {
            switch place {
            case .authorization: exchange.request.fields.remove(.authorization)
            case .header(let name): name.withView { exchange.request.fields.remove(named: $0) }
            case .cookie(let name): name.withView { exchange.removeCookies(named: $0) }
            case .query(let name): name.withView { exchange.removeParameters(named: $0) }
            }
        }
    }
}
