import Schema

/// What the upstream answers to whatever it is asked.
struct CaseAnswer: Settings {
    @Setting("Status code.", 200...599)
    var status: Int = 200

    @Setting("Field name to value, or to a list of values: a line for each.")
    var headers: OrderedMap<Lines> = [:]

    @Setting("Body, sent with its length. Left out: `ok`, where the status allows a body.")
    var body: CaseBody?

    @Setting("Body, sent chunked.")
    var chunks: [String]?

    init() {}

    /// The bytes to send to a request of this method.
    func wire(for method: String) -> [UInt8] {
        var head = "HTTP/1.1 \(status) Answer\r\n"
        for entry in headers.entries { for line in entry.value.lines { head += "\(entry.key): \(line)\r\n" } }
        var content: [UInt8] = []
        if status == 204 || status == 304 {
            // These end with their head (RFC 9110 §6.4.1).
        } else if let chunks {
            head += "Transfer-Encoding: chunked\r\n"
            content = Wire.chunked(chunks)
        } else {
            content = body?.bytes ?? Array("ok".utf8)
            if !names("content-length") { head += "Content-Length: \(content.count)\r\n" }
        }
        return Array((head + "\r\n").utf8) + (method == "HEAD" ? [] : content)
    }

    /// The upstream closes the connection behind this answer.
    var closes: Bool { headers.entries.contains { $0.key.lowercased() == "connection" && $0.value.lines.contains("close") } }

    private func names(_ name: String) -> Bool { headers.entries.contains { $0.key.lowercased() == name } }
}
