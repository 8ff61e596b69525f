import Identity
import Primitives

/// Who is logged in at the token server in a browser: what the sealed cookie says.
struct LoginSession: Sendable, Equatable {
    let subject: String
    /// Seconds of the Unix clock.
    let authTime: Int
    /// `sid` of id tokens.
    let id: String

    static let name = "sluice-login"

    func sealed(_ seal: CookieSeal, _ cookies: ServerCookies) throws(CryptoError) -> String {
        let json: JSON = ["sub": .string(subject), "time": .number(JSONNumber(authTime)), "sid": .string(id)]
        let name = cookies.name(LoginSession.name)
        return "\(name)=\(try seal.seal(json.bytes, name: name)); \(cookies.attributes)"
    }

    init(subject: String, authTime: Int, id: String) {
        self.subject = subject
        self.authTime = authTime
        self.id = id
    }

    /// Nil: there is none, or it is older than `lifetime` seconds.
    init?(_ request: ServerRequest, _ seal: CookieSeal, _ cookies: ServerCookies, lifetime: Int) {
        let name = cookies.name(LoginSession.name)
        guard let text = request.cookies[name], let bytes = seal.open(text, name: name), let json = try? JSON.parse(bytes),
            let subject = json["sub"]?.string, let time = json["time"]?.int, let id = json["sid"]?.string,
            time <= request.now, request.now - time < lifetime
        else { return nil }
        self.init(subject: subject, authTime: time, id: id)
    }

    static func forget(_ cookies: ServerCookies) -> String { "\(cookies.name(name))=; \(cookies.attributes); Max-Age=0" }
}
