import GatewayCore
import Identity
import Primitives

/// Sessions and login attempts as cookies: sealed, and in several where one is too small.
struct SessionCookies: Sendable {
    let cookies: ServerCookies
    /// Of the session's first cookie.
    let name: String
    private let seal: CookieSeal
    /// Seconds.
    private let lifetime: Int

    /// - Parameter name: without prefix.
    init(_ name: String, isSecure: Bool, secrets: [[UInt8]], lifetime: Int) throws(CryptoError) {
        cookies = ServerCookies(isSecure: isSecure)
        self.name = cookies.name(name)
        self.lifetime = lifetime
        seal = try CookieSeal(secrets: secrets, purpose: "oidc")
    }

    // MARK: Sessions

    /// The text of the request's session, not opened; nil when there is none.
    func sealed(_ fields: HeaderFields) -> String? {
        guard fields.contains(.cookie) else { return nil }
        return CookiePieces.join(name: name) { value(of: $0, fields) }
    }

    func open(_ text: String) -> OIDCSession? {
        guard let bytes = seal.open(text, name: name), let json = try? JSON.parse(bytes) else { return nil }
        return OIDCSession(json)
    }

    /// `Set-Cookie` for a session. Pieces that a longer one has left behind are forgotten. Nil: it is too long even for several cookies.
    func set(_ session: OIDCSession, now: Int, replacing fields: HeaderFields) throws(CryptoError) -> [String]? {
        let text = try seal.seal(session.json.bytes, name: name)
        guard let pieces = CookiePieces.split(text, name: name) else { return nil }
        let rest = max(1, session.started + lifetime - now)
        return pieces.map { cookies.set($0.name, $0.value, lifetime: rest) } + forget(fields, from: pieces.count)
    }

    /// Forgets the session: what of it the request has.
    func forget(_ fields: HeaderFields, from first: Int = 0) -> [String] {
        (first..<CookiePieces.most).map { CookiePieces.name(name, $0) }.filter { value(of: $0, fields) != nil }.map { cookies.forget($0) }
    }

    // MARK: Login attempts

    /// Attempts that one browser may have at a time, in tabs that were opened together: the oldest cookies give way.
    private static let mostAttempts = 5
    private var attemptPrefix: String { "\(name)-login-" }

    func set(_ attempt: LoginAttempt, replacing fields: HeaderFields) throws(CryptoError) -> [String] {
        let name = attemptPrefix + LoginAttempt.tag(of: attempt.state)
        let value = try seal.seal(attempt.json.bytes, name: name)
        let known = attemptNames(fields)
        // Browsers send those of the same path in the order in which they were made.
        return known.dropLast(min(known.count, SessionCookies.mostAttempts - 1)).map { cookies.forget($0) }
            + [cookies.set(name, value, lifetime: LoginAttempt.lifetime)]
    }

    func attempt(state: String, _ fields: HeaderFields) -> (attempt: LoginAttempt, forget: String)? {
        let name = attemptPrefix + LoginAttempt.tag(of: state)
        guard let text = value(of: name, fields), let bytes = seal.open(text, name: name), let json = try? JSON.parse(bytes),
            let attempt = LoginAttempt(json)
        else { return nil }
        return (attempt, cookies.forget(name))
    }

    private func attemptNames(_ fields: HeaderFields) -> [String] {
        var names: [String] = []
        Cookies.forEach(fields) { name, _ in
            let text = name.string
            if text.hasPrefix(attemptPrefix) { names.append(text) }
        }
        return names
    }

    // MARK: Both

    private func value(of name: String, _ fields: HeaderFields) -> String? {
        var result: String?
        name.withView { name in
            Cookies.forEach(fields, named: name) { value in
                result = value.string
                return false
            }
        }
        return result
    }

    /// Takes away what is of no use to an upstream, and could be used by whoever reads its logs.
    ///
    /// - Parameter scratch: memory to compose in.
    func strip(_ fields: HeaderFields, scratch: ByteBuffer) {
        guard fields.contains(.cookie) else { return }
        scratch.clear()
        var hasOurs = false
        name.withView { ours in
            Cookies.forEach(fields) { name, value in
                if name.hasPrefix(ours), name.count == ours.count || name[ours.count] == UInt8(ascii: "-") {
                    hasOurs = true
                    return
                }
                if !scratch.isEmpty { scratch.append("; ") }
                scratch.append(name)
                scratch.append("=")
                scratch.append(value)
            }
        }
        guard hasOurs else { return }
        fields.remove(.cookie)
        if !scratch.isEmpty { fields.append(.cookie, scratch.view) }
    }
}
