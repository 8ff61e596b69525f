import Schema

/// What the upstream answers to whatever it is asked; or what a service answers to callouts.
struct CaseAnswer: Settings {
    @Setting("Status code.", 200...599)
    var status: Int = 200

    @Setting("Field name to value, or to a list of values: a line for each.")
    var headers: OrderedMap<Lines> = [:]

    @Setting("Body, sent with its length. Left out: `ok`, where the status allows a body.")
    var body: CaseBody?

    @Setting("Body, sent chunked.")
    var chunks: [String]?

    @Setting("Of callouts: the path that this answers, without query. Left out: every path.")
    var to: String?

    @Setting("Closes the connection in place of an answer.")
    var fails: Bool = false

    init() {}

    /// The bytes to send to a request of this method.
    func wire(for method: String) -> [UInt8] {
        if fails { return [] }
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
    var closes: Bool { fails || headers.entries.contains { $0.key.lowercased() == "connection" && $0.value.lines.contains("close") } }

    private func names(_ name: String) -> Bool { headers.entries.contains { $0.key.lowercased() == name } }
}

extension [CaseAnswer] {
    /// What is answered to a request for this target: 500 where nothing is said of it.
    func answer(to target: String) -> CaseAnswer {
        let path = String(target.prefix { $0 != "?" })
        if let found = first(where: { $0.to == nil || $0.to == path }) { return found }
        var answer = CaseAnswer()
        answer.status = 500
        return answer
    }
}
