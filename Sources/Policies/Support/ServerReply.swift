import GatewayCore
import Identity
import Primitives

/// The answer of a token server, apart from the exchange that takes it. Nothing of it may be kept by caches, unless it says so.
struct ServerReply: Sendable, Equatable {
    var status: Int
    var fields: [(name: String, value: String)]
    var body: [UInt8]

    static func == (a: ServerReply, b: ServerReply) -> Bool {
        a.status == b.status && a.body == b.body && a.fields.elementsEqual(b.fields) { $0 == $1 }
    }

    private static func notStored(_ fields: [(name: String, value: String)]) -> [(name: String, value: String)] {
        fields + [(name: "cache-control", value: "no-store"), (name: "pragma", value: "no-cache")]
    }

    static func json(_ json: JSON, status: Int = 200) -> ServerReply {
        ServerReply(status: status, fields: notStored([("content-type", "application/json")]), body: json.bytes)
    }

    /// A document that anybody may have and keep for a while.
    static func document(_ json: JSON, maxAge: Int) -> ServerReply {
        ServerReply(
            status: 200,
            fields: [
                ("content-type", "application/json"), ("cache-control", "public, max-age=\(maxAge)"), ("access-control-allow-origin", "*"),
            ], body: json.bytes)
    }

    static func page(_ page: HTML, status: Int = 200) -> ServerReply {
        let fields: [(name: String, value: String)] = [
            ("content-type", "text/html; charset=utf-8"), ("content-security-policy", SignInPages.contentSecurityPolicy),
            ("x-frame-options", "DENY"), ("x-content-type-options", "nosniff"),
            // Not `no-referrer`: with that browsers keep their origin secret from the very forms that check it.
            ("referrer-policy", "same-origin"),
        ]
        return ServerReply(status: status, fields: notStored(fields), body: Array(page.text.utf8))
    }

    /// Goes there with GET, whatever the method was.
    static func redirect(_ location: String) -> ServerReply {
        ServerReply(status: 303, fields: notStored([("location", location), ("referrer-policy", "no-referrer")]), body: [])
    }

    static func error(_ error: OAuthError) -> ServerReply {
        json(["error": .string(error.code.rawValue), "error_description": .string(error.detail)], status: error.status)
    }

    static func notAllowed(_ allow: String) -> ServerReply {
        ServerReply(status: 405, fields: notStored([("allow", allow)]), body: [])
    }

    func adding(_ name: String, _ value: String) -> ServerReply {
        var reply = self
        reply.fields.append((name, value))
        return reply
    }

    func write(to exchange: Exchange) {
        let response = exchange.response
        response.status = status
        for (name, value) in fields { response.fields.append(name, value) }
        body.withView { exchange.takeReplyBody().append($0) }
    }
}
