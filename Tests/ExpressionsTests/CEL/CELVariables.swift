import Primitives

@testable import Expressions

/// Variables with values that are written down, for tests.
final class CELVariables: ExpressionVariables {
    var values = [ExpressionValue?](repeating: nil, count: 1_100)
    /// Texts that are appended to the scratch instead of being there already.
    var made = [[UInt8]?](repeating: nil, count: 1_100)
    /// Owners of what the values view.
    private var owners: [AnyObject] = []
    private let arena = ExpressionArena()

    func string(_ text: String) -> ExpressionValue { .string(arena.copy(Array(text.utf8))) }

    /// A map of text.
    func map(_ entries: KeyValuePairs<String, String>) -> ExpressionValue {
        ExpressionMap(entries.map { (key: string($0), value: string($1)) }).map { .map($0) } ?? .null
    }

    func keep(_ owner: AnyObject) { owners.append(owner) }

    func value(_ id: UInt16, _ scratch: ByteBuffer) -> ExpressionValue? {
        if let text = made[Int(id)] {
            text.withView { scratch.append($0) }
            return .string(scratch.view)
        }
        return values[Int(id)]
    }

    func entry(_ id: UInt16, key: ByteView, _ scratch: ByteBuffer) -> ExpressionValue? {
        guard case .map(let map)? = values[Int(id)] else { return nil }
        return map[key: .string(key)]
    }

    func whole(_ id: UInt16) -> ExpressionValue? { values[Int(id)] }
}

/// The names that a gateway declares, with one request's values.
enum CELGateway {
    static let environment = ExpressionEnvironment([
        .init(
            "request",
            .object(
                ExpressionObject([
                    .init("method", .string, id: 1), .init("path", .string, id: 2), .init("host", .string, id: 3), .init("scheme", .string, id: 4),
                    .init("headers", .map(.string, .string), id: 5, foldsKeys: true), .init("query", .map(.string, .string), id: 6),
                    .init("cookies", .map(.string, .string), id: 7), .init("size", .int, id: 8), .init("time", .timestamp, id: 9),
                    .init("id", .string, id: 10),
                ]))),
        .init("source", .object(ExpressionObject([.init("ip", .string, id: 20), .init("port", .int, id: 21)]))),
        .init(
            "consumer",
            .object(
                ExpressionObject([
                    .init("name", .string, id: 30), .init("groups", .list(.string), id: 31), .init("attributes", .map(.string, .string), id: 32),
                ]))),
        .init("claims", .map(.string, .dyn), id: 40),
        .init("params", .map(.string, .string), id: 41),
        .init(
            "response", .object(ExpressionObject([.init("status", .int, id: 50), .init("headers", .map(.string, .string), id: 51, foldsKeys: true)]))),
        .init("route", .string, id: 60),
        .init("api", .string, id: 61),
    ])

    static func variables() -> CELVariables {
        let host = CELVariables()
        let values: [Int: ExpressionValue] = [
            1: host.string("POST"), 2: host.string("/api/v1/orders/42"), 4: host.string("https"),
            5: host.map(["x-user": "alice", "content-type": "application/json", "accept": "text/html, application/json", "x-number": "17"]),
            6: host.map(["page": "2", "sort": "asc"]), 7: host.map(["session": "s3cr3t"]), 8: .int(1_234),
            20: host.string("10.1.2.3"), 21: .int(51_234), 30: host.string("mobile-app"),
            31: .list(ExpressionList([host.string("gold"), host.string("beta")])), 32: host.map(["tier": "premium"]),
            41: host.map(["id": "42"]), 50: .int(503), 51: host.map(["retry-after": "5"]), 60: host.string("order"),
        ]
        for (id, value) in values { host.values[id] = value }
        if let noon = ExpressionTimestamp(seconds: 1_767_269_700, nanoseconds: 250_000_000) { host.values[9] = .timestamp(noon) }
        let realm = ExpressionMap([(key: host.string("roles"), value: .list(ExpressionList([host.string("admin"), host.string("user")])))])
        let claims = ExpressionMap([
            (key: host.string("sub"), value: host.string("u-7")), (key: host.string("admin"), value: .bool(true)),
            (key: host.string("level"), value: .int(3)), (key: host.string("score"), value: .double(0.5)),
            (key: host.string("realm_access"), value: realm.map { .map($0) } ?? .null), (key: host.string("nothing"), value: .null),
        ])
        host.values[40] = claims.map { .map($0) }
        // Put together when it is asked for.
        host.made[3] = Array("api.example.com".utf8)
        host.made[61] = Array("orders@v1".utf8)
        return host
    }
}
