/// A message as it came over a connection.
struct WireMessage: Sendable {
    /// The words of the first line: method, target, version, or version, status, phrase.
    var start: [String] = []
    var fields: [(name: String, value: String)] = []
    var body: [UInt8] = []

    /// The values of the lines of this name.
    func values(_ name: String) -> [String] {
        fields.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
    }

    /// Whether a line of this name holds `member` in its list.
    func lists(_ name: String, _ member: String) -> Bool {
        values(name).joined(separator: ",").lowercased().split(separator: ",").contains { $0.trimmed == member }
    }

    var text: String { String(decoding: body, as: UTF8.self) }
    var status: Int { start.count > 1 ? Int(start[1]) ?? 0 : 0 }
}

enum Wire {
    static func chunked(_ chunks: [String]) -> [UInt8] {
        chunks.filter { !$0.isEmpty }.flatMap { Array("\(String($0.utf8.count, radix: 16))\r\n\($0)\r\n".utf8) } + Array("0\r\n\r\n".utf8)
    }
}

/// Reads messages from the bytes of a connection, as they come (RFC 9112).
struct WireReader: Sendable {
    enum Kind: Sendable {
        case requests
        /// One response; `toHead`: to a HEAD request, so without a body.
        case response(toHead: Bool)
    }

    struct Malformed: Error, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }

    private enum Body {
        case length(Int)
        case chunked
        case untilEnd
    }

    private let kind: Kind
    private var bytes: [UInt8] = []
    private var hasEnded = false
    /// Responses of 1xx that have come before the final one.
    private(set) var interim: [WireMessage] = []

    init(_ kind: Kind) { self.kind = kind }

    mutating func append(_ more: [UInt8]) { bytes += more }

    /// The connection has ended.
    mutating func end() { hasEnded = true }

    /// Bytes that have come and belong to no whole message.
    var rest: String { String(decoding: bytes, as: UTF8.self) }

    /// The next whole message, once it is there.
    mutating func next() throws(Malformed) -> WireMessage? {
        while let headEnd = bytes.firstRange(of: Array("\r\n\r\n".utf8))?.lowerBound {
            var message = try WireReader.head(bytes[..<headEnd])
            let start = headEnd + 4
            if case .response = kind, 100..<200 ~= message.status, message.status != 101 {
                interim.append(message)
                bytes.removeFirst(start)
                continue
            }
            guard let end = try readBody(of: &message, from: start) else { return nil }
            bytes.removeFirst(end)
            return message
        }
        return nil
    }

    private static func head(_ bytes: ArraySlice<UInt8>) throws(Malformed) -> WireMessage {
        var lines = String(decoding: bytes, as: UTF8.self).components("\r\n")
        var message = WireMessage()
        message.start = lines.removeFirst().split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
        guard message.start.count >= 2 else { throw Malformed("malformed first line: \(message.start)") }
        for line in lines {
            guard let colon = line.firstIndex(of: ":") else { throw Malformed("malformed header line: \(line)") }
            message.fields.append((String(line[..<colon]), line[line.index(after: colon)...].trimmed))
        }
        return message
    }

    /// Where the body ends that begins at `start`; nil: it is not whole yet.
    private func readBody(of message: inout WireMessage, from start: Int) throws(Malformed) -> Int? {
        switch try framing(of: message) {
        case .length(let count):
            guard bytes.count >= start + count else { return nil }
            message.body = Array(bytes[start..<start + count])
            return start + count
        case .untilEnd:
            guard hasEnded else { return nil }
            message.body = Array(bytes[start...])
            return bytes.count
        case .chunked: return try readChunks(of: &message, from: start)
        }
    }

    private func framing(of message: WireMessage) throws(Malformed) -> Body {
        if case .response(let toHead) = kind, toHead || [101, 204, 304].contains(message.status) { return .length(0) }
        if message.lists("transfer-encoding", "chunked") { return .chunked }
        if let text = message.values("content-length").first {
            guard let count = Int(text), count >= 0 else { throw Malformed("malformed content-length: \(text)") }
            return .length(count)
        }
        if case .requests = kind { return .length(0) }
        return .untilEnd
    }

    private func readChunks(of message: inout WireMessage, from start: Int) throws(Malformed) -> Int? {
        var at = start
        while let line = line(from: at) {
            guard let size = Int(line.text.split(separator: ";").first.map(\.trimmed) ?? "", radix: 16), size >= 0 else {
                throw Malformed("malformed chunk size: \(line.text)")
            }
            at = line.end
            if size == 0 {
                while let trailer = self.line(from: at) {
                    at = trailer.end
                    if trailer.text.isEmpty { return at }
                }
                return nil
            }
            guard bytes.count >= at + size + 2 else { return nil }
            message.body += bytes[at..<at + size]
            at += size + 2
        }
        return nil
    }

    private func line(from start: Int) -> (text: String, end: Int)? {
        guard start < bytes.count, let end = bytes[start...].firstRange(of: Array("\r\n".utf8)) else { return nil }
        return (String(decoding: bytes[start..<end.lowerBound], as: UTF8.self), end.upperBound)
    }
}

extension StringProtocol {
    var trimmed: String {
        let start = drop { $0 == " " || $0 == "\t" }
        return String(start.prefix(start.count - start.reversed().prefix { $0 == " " || $0 == "\t" }.count))
    }

    /// What stands between the places of `separator`.
    func components(_ separator: String) -> [String] {
        split(separator: separator, omittingEmptySubsequences: false).map { String($0) }
    }
}
