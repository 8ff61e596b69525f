import Primitives
import Schema

/// A request as the client sends it.
struct CaseRequest: SettingValue {
    let fields: Fields

    struct Fields: Settings {
        @Setting("Method.")
        var method: String = "GET"

        @Setting("Target, exactly as it is sent.")
        var target: String = "/"

        @Setting("Field name to value, or to a list of values: a line for each.")
        var headers: OrderedMap<Lines> = [:]

        @Setting("Body, sent with its length.")
        var body: CaseBody?

        @Setting("Body, sent chunked.")
        var chunks: [String]?

        @Setting("The client's address.")
        var from: String?

        @Setting("Host.")
        var host: String = "test.example"

        init() {}
    }

    static var shape: SettingShape { .either([.text(name: "request", pattern: nil, examples: ["GET /"]), Fields.shape]) }
    var encoded: JSONValue { fields.encoded }

    /// `GET /items` is `{ method: GET, target: /items }`.
    static func decode(_ node: ConfigNode, in context: DecodingContext) -> CaseRequest? {
        guard let text = node.text else { return Fields.decode(node, in: context).flatMap { check($0, node, context) } }
        let words = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard words.count == 2 else {
            context.mismatch(node, expected: "a method and a target such as `GET /items`")
            return nil
        }
        var fields = Fields()
        fields.method = words[0]
        fields.target = words[1]
        return CaseRequest(fields: fields)
    }

    private static func check(_ fields: Fields, _ node: ConfigNode, _ context: DecodingContext) -> CaseRequest? {
        if fields.body != nil, fields.chunks != nil { context.error(node, "a request has a `body` or `chunks`, not both") }
        if let from = fields.from, IPAddress(parsing: from) == nil { context.error(node, "`from` is no IP address") }
        return CaseRequest(fields: fields)
    }

    var isHead: Bool { fields.method == "HEAD" }

    /// The bytes to send. `withProxyHeader`: the connection begins with who the client is.
    func wire(withProxyHeader: Bool) -> [UInt8] {
        var head = withProxyHeader ? proxyHeader : ""
        head += "\(fields.method) \(fields.target) HTTP/1.1\r\nHost: \(fields.host)\r\n"
        for entry in fields.headers.entries { for line in entry.value.lines { head += "\(entry.key): \(line)\r\n" } }
        let body: [UInt8]
        if let chunks = fields.chunks {
            head += "Transfer-Encoding: chunked\r\n"
            body = Wire.chunked(chunks)
        } else {
            body = fields.body?.bytes ?? []
            if fields.body != nil { head += "Content-Length: \(body.count)\r\n" }
        }
        return Array((head + "\r\n").utf8) + body
    }

    /// Version 1 of the PROXY protocol.
    private var proxyHeader: String {
        guard let from = fields.from else { return "PROXY UNKNOWN\r\n" }
        return from.contains(":") ? "PROXY TCP6 \(from) ::1 40000 80\r\n" : "PROXY TCP4 \(from) 127.0.0.1 40000 80\r\n"
    }
}

/// One value, or several: a line each.
struct Lines: SettingValue {
    let lines: [String]

    static var shape: SettingShape { .either([String.shape, .list(String.shape)]) }
    var encoded: JSONValue { .array(lines.map { .string($0) }) }

    static func decode(_ node: ConfigNode, in context: DecodingContext) -> Lines? {
        if let text = node.text { return Lines(lines: [text]) }
        return [String].decode(node, in: context).map { Lines(lines: $0) }
    }
}

/// Text, or `{ size: 2MiB }`: so many bytes.
struct CaseBody: SettingValue {
    let bytes: [UInt8]

    private struct Filler: Settings {
        @Setting("Bytes, each an `x`.")
        var size: ByteSize
        init() {}
    }

    static var shape: SettingShape { .either([String.shape, Filler.shape]) }
    var encoded: JSONValue { .string(String(decoding: bytes, as: UTF8.self)) }

    static func decode(_ node: ConfigNode, in context: DecodingContext) -> CaseBody? {
        if let text = node.text { return CaseBody(bytes: Array(text.utf8)) }
        return Filler.decode(node, in: context).map { CaseBody(bytes: Array(repeating: UInt8(ascii: "x"), count: Int($0.size.bytes))) }
    }
}
