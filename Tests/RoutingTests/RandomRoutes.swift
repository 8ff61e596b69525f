import Expressions
import Primitives
import Routing

/// Small alphabets, so that random rules and requests meet often. SplitMix64: the same on every run.
struct RandomRoutes {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func below(_ bound: Int) -> Int {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return Int((z ^ (z >> 31)) % UInt64(bound))
    }

    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }
    mutating func chance(_ one: Int) -> Bool { below(one) == 0 }

    private static let segments = ["a", "b", "c", "dd", "longer-segment", ""]
    private static let hosts = ["x.y", "z.x.y", "w.z.x.y", "y", "q.y", "other"]
    private static let regexes = ["^/a", "b$", "^/(.*)/c$", "^/$", "."]

    mutating func rule(_ index: Int) throws -> RouteRule {
        var rule = RouteRule(index: index, label: "routes[\(index)]")
        if chance(2) {
            for _ in 0...below(2) {
                rule.hosts.append(pick(Self.hosts.map { .exact($0) } + [.wildcard("y"), .wildcard("x.y"), .wildcard("z.x.y"), .any]))
            }
        }
        rule.basePath = chance(3) ? pick(["/a", "/a/b", "/c", "/"]) : ""
        rule.path = try path()
        if chance(2) {
            let methods: [HTTPMethod] = pick([[.get], [.post], [.get, .post], [.head], [.delete, .put]])
            rule.methods = methods.reduce(into: []) { $0.formUnion(HTTPMethodSet($1)) }
        }
        while chance(3) { rule.conditions.append(condition()) }
        if chance(8) { rule.priority = below(5) - 2 }
        return rule
    }

    private mutating func path() throws -> PathPattern {
        if chance(12) { return .any }
        if chance(10) { return try PathPattern(regex: pick(Self.regexes)) }
        var text = ""
        for place in 0...below(4) { text += chance(3) ? "/{p\(place)}" : "/" + pick(Self.segments) }
        if chance(4) { text += chance(2) ? "/*" : "/{rest*}" }
        return try PathPattern(parsing: text)
    }

    private mutating func condition() -> RouteCondition {
        switch below(5) {
        case 0: .header(name: pick(["h", "i"]), .equals(pick(["1", "2"])))
        case 1: .header(name: pick(["h", "i"]), pick([.present, .absent, .hasPrefix("1"), .hasSuffix("2"), .contains("1")]))
        case 2: .query(name: "q", pick([.present, .equals("1")]))
        case 3: .clientIP([CIDR(parsing: pick(["10.0.0.0/8", "127.0.0.1", "fd00::/8"]))].compactMap { $0 })
        default: .header(name: "h", .present)
        }
    }

    mutating func request() -> TestRequest {
        var path = ""
        for _ in 0...below(5) { path += "/" + pick(Self.segments) }
        if chance(40) { path = "*" }
        var headers: [(name: String, value: String)] = []
        while chance(2) { headers.append((pick(["h", "i"]), pick(["1", "2", "12", ""]))) }
        return TestRequest(
            pick(["GET", "GET", "POST", "HEAD", "DELETE", "OPTIONS", "BREW"]), host: pick(Self.hosts + ["", "deep.w.z.x.y"]), path: path,
            headers: headers, query: chance(3) ? [("q", pick(["1", "2"]))] : [],
            address: IPAddress(parsing: pick(["127.0.0.1", "10.9.8.7", "fd00::1"])) ?? .loopback)
    }
}
