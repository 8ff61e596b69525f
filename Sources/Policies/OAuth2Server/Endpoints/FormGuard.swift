import Identity
import Primitives

/// Makes sure that a form was shown by this server to this very browser (RFC 9700 §4.7).
///
/// The browser has a random cookie; each form holds a code over that cookie and over what the form is for. Another site knows neither.
struct FormGuard: Sendable {
    static let name = "sluice-form"

    let cookie: String
    private let key: [UInt8]
    private let origin: String
    private let attributes: String

    /// - Parameter cookies: how this server's cookies are called and set.
    init(secret: [UInt8], origin: String, cookies: ServerCookies) throws(CryptoError) {
        cookie = cookies.name(FormGuard.name)
        key = try KeyDerivation.sha256(secret, info: Array("sluice form".utf8))
        self.origin = origin
        attributes = cookies.attributes
    }

    /// A token for a form, and the cookie to set when the browser has none yet.
    func token(_ request: ServerRequest, for purpose: String) throws(CryptoError) -> (token: String, setCookie: String?) {
        if let known = request.cookies[cookie], Base64URL.decode(known)?.count == 16 { return (try code(known, purpose), nil) }
        let fresh = Base64URL.encode(try Random.bytes(16))
        return (try code(fresh, purpose), "\(cookie)=\(fresh); \(attributes)")
    }

    func accepts(_ request: ServerRequest, for purpose: String) -> Bool {
        if let origin = request.origin, origin != self.origin { return false }
        guard let known = request.cookies[cookie], let token = request.form?["form_token"], let expected = try? code(known, purpose) else {
            return false
        }
        return ConstantTime.equal(Array(token.utf8), Array(expected.utf8))
    }

    private func code(_ cookie: String, _ purpose: String) throws(CryptoError) -> String {
        Base64URL.encode(try MAC.sha256(key: key, Array("\(cookie)\n\(purpose)".utf8)))
    }
}
