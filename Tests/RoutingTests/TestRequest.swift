import Expressions
import Primitives
import Routing

/// A request whose bytes live as long as it does. Conforms as a class: what the engine's exchange is.
final class TestRequest: RoutableRequest, ExpressionVariables {
    private let evaluator = ExpressionEvaluator()
    var isCall: Bool { headers.contains { $0.name == "content-type" && $0.value.hasPrefix("application/grpc") } }
    func holds(_ expression: Expression) -> Bool { expression.test(self, with: evaluator) ?? false }

    /// `method` alone is known to expressions.
    func value(_ id: UInt16, _ scratch: ByteBuffer) -> ExpressionValue? { .string(methodName) }
    func entry(_ id: UInt16, key: ByteView, _ scratch: ByteBuffer) -> ExpressionValue? { nil }
    func whole(_ id: UInt16) -> ExpressionValue? { nil }

    let method: HTTPMethod
    let headers: [(name: String, value: String)]
    let query: [(name: String, value: String)]
    let clientAddress: IPAddress
    let text: String
    private let storage: [UnsafeMutableBufferPointer<UInt8>]

    init(
        _ method: String, host: String, path: String, headers: [(name: String, value: String)] = [],
        query: [(name: String, value: String)] = [], address: IPAddress = .loopback
    ) {
        self.method = method.withView { HTTPMethod($0) }
        self.headers = headers
        self.query = query
        clientAddress = address
        text = "\(method) \(host) \(path) \(headers) \(query) \(address)"
        storage = [method, host, path].map { text in
            let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: max(1, text.utf8.count))
            _ = buffer.initialize(from: text.utf8)
            return UnsafeMutableBufferPointer(rebasing: buffer[..<text.utf8.count])
        }
    }

    /// `GET api.example.com /x h:name=value q:name=value ip:10.0.0.1`, "-" for no host.
    convenience init(parsing text: String) throws {
        let words = text.split(separator: " ").map(String.init)
        guard words.count >= 3 else { throw CaseError(description: "a request is a method, a host and a path: \(text)") }
        var headers: [(name: String, value: String)] = []
        var query: [(name: String, value: String)] = []
        var address = IPAddress.loopback
        for word in words.dropFirst(3) {
            let pair = word.split(separator: ":", maxSplits: 1).map(String.init)
            let parts = (pair.count > 1 ? pair[1] : "").split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            switch pair[0] {
            case "h": headers.append((parts[0], parts.count > 1 ? parts[1] : ""))
            case "q": query.append((parts[0], parts.count > 1 ? parts[1] : ""))
            case "ip":
                guard let given = IPAddress(parsing: pair[1]) else { throw CaseError(description: "no address: \(word)") }
                address = given
            default: throw CaseError(description: "unknown word \(word)")
            }
        }
        self.init(words[0], host: words[1] == "-" ? "" : words[1], path: words[2], headers: headers, query: query, address: address)
    }

    deinit { for buffer in storage { buffer.baseAddress?.deallocate() } }

    var methodName: ByteView { ByteView(UnsafeRawBufferPointer(storage[0])) }
    var host: ByteView { ByteView(UnsafeRawBufferPointer(storage[1])) }
    var path: ByteView { ByteView(UnsafeRawBufferPointer(storage[2])) }

    func forEachHeader(named name: ByteView, _ body: (ByteView) -> Bool) {
        for header in headers where header.name.withView({ $0 == name }) { guard header.value.withView(body) else { return } }
    }

    func forEachQuery(named name: ByteView, _ body: (ByteView) -> Bool) {
        for item in query where item.name.withView({ $0 == name }) { guard item.value.withView(body) else { return } }
    }
}
