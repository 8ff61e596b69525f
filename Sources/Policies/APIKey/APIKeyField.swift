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

extension Exchange {
    /// Forwards the query without these.
    fileprivate func removeParameters(named name: ByteView) {
        guard let query = request.query else { return }
        let out = tools.scratch
        out.clear()
        var isFirst = true
        QueryString.forEachPiece(query) { piece in
            let candidate = piece.prefix(piece.firstIndex(of: UInt8(ascii: "=")) ?? piece.count)
            guard QueryString.prefix(of: candidate, decodingTo: name) != candidate.count else { return true }
            if !isFirst { out.append("&") }
            isFirst = false
            out.append(piece)
            return true
        }
        request.querySpan = out.isEmpty ? nil : request.store { $0.append(out.view) }
        request.isQueryEdited = true
    }

    /// Overwrites the values of these in the target; the query that is forwarded has them still.
    fileprivate func maskParameters(named name: ByteView) {
        guard let mark = request.target.firstIndex(of: UInt8(ascii: "?")) else { return }
        var isThere = false
        QueryString.forEachPair(request.target.dropFirst(mark + 1)) { candidate, _ in
            isThere = QueryString.prefix(of: candidate, decodingTo: name) == candidate.count
            return !isThere
        }
        guard isThere else { return }
        if !request.isQueryEdited {
            let copy = tools.scratch
            copy.clear()
            copy.append(request.target.dropFirst(mark + 1))
            request.querySpan = request.store { $0.append(copy.view) }
            request.isQueryEdited = true
        }
        var start = mark + 1
        QueryString.forEachPiece(request.target.dropFirst(start)) { piece in
            let equals = piece.firstIndex(of: UInt8(ascii: "=")) ?? piece.count
            if QueryString.prefix(of: piece.prefix(equals), decodingTo: name) == equals {
                for place in min(equals + 1, piece.count)..<piece.count {
                    request.fields.storage.replace(at: Int(request.targetSpan.start) + start + place, with: UInt8(ascii: "*"))
                }
            }
            start += piece.count + 1
            return true
        }
    }

    /// Forwards the other cookies, as one line (RFC 6265 §5.4).
    fileprivate func removeCookies(named name: ByteView) {
        let out = tools.scratch
        out.clear()
        Cookies.forEach(request.fields) { candidate, value in
            guard candidate != name else { return }
            if !out.isEmpty { out.append("; ") }
            out.append(candidate)
            out.append("=")
            out.append(value)
        }
        request.fields.remove(.cookie)
        if !out.isEmpty { request.fields.append(.cookie, out.view) }
    }
}
