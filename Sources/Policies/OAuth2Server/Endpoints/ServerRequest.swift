import GatewayCore
import Identity
import Primitives
import Reactor

/// A request to a token server, apart from the exchange that brought it.
struct ServerRequest: Sendable {
    var method = HTTPMethod.get
    /// As it stands behind the `?`.
    var query = ""
    /// Body of type `application/x-www-form-urlencoded`; nil when it is of another type, or malformed.
    var form: FormFields?
    var authorization: String?
    var origin: String?
    /// By name, of those that the server sets.
    var cookies: [String: String] = [:]
    var address = IPAddress(high: 0, low: 0)
    /// Seconds of the Unix clock.
    var now = 0
    var instant = Instant(nanoseconds: 0)
    /// The loop of the exchange has it in nanoseconds.
    var wall: UInt64 = 0

    /// Nil when it is malformed.
    var queryFields: FormFields? { FormFields(parsing: query) }

    init() {}

    init(_ exchange: Exchange, body: ByteBuffer, cookies names: [String]) {
        let request = exchange.request
        method = request.method
        query = request.query?.string ?? ""
        if ServerRequest.isForm(request.fields[.contentType]) { form = FormFields(parsing: body.view) }
        authorization = request.fields[.authorization]?.string
        origin = request.fields.first(ByteView("origin"))?.string
        for name in names {
            name.withView { view in
                Cookies.forEach(request.fields, named: view) { value in
                    cookies[name] = value.string
                    return false
                }
            }
        }
        address = exchange.client.address
        instant = exchange.loop.now
        wall = exchange.loop.wallClock
        now = Int(clamping: wall / 1_000_000_000)
    }

    private static func isForm(_ type: ByteView?) -> Bool {
        guard let type else { return false }
        let end = type.firstIndex(of: UInt8(ascii: ";")) ?? type.count
        return type.prefix(end).trimmed.equalsIgnoringCase("application/x-www-form-urlencoded")
    }
}
