/// How cookies are called and set. Over plain HTTP, which is for the machine itself alone, browsers keep none that are secure.
struct ServerCookies: Sendable {
    let isSecure: Bool

    /// `__Host-`: no other host and no plain HTTP can set it.
    func name(_ name: String) -> String { isSecure ? "__Host-\(name)" : name }

    /// Sent along when another site links here, which signing in needs, but not with its forms, images and scripts.
    var attributes: String { "Path=/; HttpOnly; SameSite=Lax\(isSecure ? "; Secure" : "")" }

    /// - Parameter lifetime: seconds; nil: until the browser is closed.
    func set(_ fullName: String, _ value: String, lifetime: Int? = nil) -> String {
        "\(fullName)=\(value); \(attributes)" + (lifetime.map { "; Max-Age=\($0)" } ?? "")
    }

    func forget(_ fullName: String) -> String { set(fullName, "", lifetime: 0) }
}
