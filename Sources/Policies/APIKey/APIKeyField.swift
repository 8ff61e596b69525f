import GatewayCore
import PolicyKit
import Primitives
import Schema

/// Where in a request a key stands.
struct APIKeyField: Sendable {
    enum Reading {
        case none
        /// Several, or one that nobody can have.
        case malformed
        /// Valid until the loop's scratch is used again.
        case key(ByteView)
    }

    /// Longer ones are not even hashed.
    static let longest = 512

    private let place: APIKeyPlace
    private let name: [UInt8]
    /// With its space.
    private let scheme: [UInt8]

    init(_ config: APIKey.Config) throws(PolicyError) {
        place = config.in
        name = Array((place == .header ? config.name.lowercased() : config.name).utf8)
        scheme = config.scheme.map { Array($0.utf8) + [0x20] } ?? []
        let isNamed = place == .query ? !name.isEmpty : !name.isEmpty && name.allSatisfy(ASCII.isToken)
        guard isNamed else {
            throw PolicyError("`\(config.name)` can't be the name of a \(place.rawValue)", at: config.$name.position, path: "name")
        }
        if let text = config.scheme {
            guard place == .header, !text.isEmpty, text.utf8.allSatisfy(ASCII.isToken) else {
                throw PolicyError(
                    place == .header ? "a scheme is one word, such as `Bearer`" : "only a header has a scheme", at: config.$scheme.position,
                    path: "scheme")
            }
        }
    }

    /// Keeps the key out of the access log, which has the request's target as it came.
    private func conceal(_ exchange: Exchange) {
        if place == .query { name.withView { exchange.maskParameters(named: $0) } }
    }

    /// Of two keys the upstream might believe the other one, so there must be one alone.
    func read(_ exchange: Exchange) -> Reading {
        conceal(exchange)
        let scratch = exchange.tools.scratch
        scratch.clear()
        var count = 0
        func take(_ value: ByteView) -> Bool {
            count += 1
            if count == 1 { scratch.append(value.prefix(APIKeyField.longest + scheme.count + 1)) }
            return count < 2
        }
        name.withView { name in
            switch place {
            case .header: exchange.request.fields.forEach(named: name, take)
            case .query: QueryString.forEach(exchange.request.query ?? ByteView(), named: name, take)
            case .cookie: Cookies.forEach(exchange.request.fields, named: name, take)
            }
        }
        guard count < 2 else { return .malformed }
        guard count == 1, let key = withoutScheme(scratch.view), !key.isEmpty else { return .none }
        return key.count <= APIKeyField.longest ? .key(key) : .malformed
    }

    /// Nil: credentials of another scheme.
    private func withoutScheme(_ value: ByteView) -> ByteView? {
        guard !scheme.isEmpty else { return value }
        guard scheme.withView({ value.count > scheme.count && value.prefix(scheme.count).equalsIgnoringCase($0) }) else { return nil }
        return value.dropFirst(scheme.count).trimmed
    }

    func remove(from exchange: Exchange) {
        name.withView { name in
            switch place {
            case .header: exchange.request.fields.remove(named: name)
            case .query: exchange.removeParameters(named: name)
            case .cookie: exchange.removeCookies(named: name)
            }
        }
    }
}
