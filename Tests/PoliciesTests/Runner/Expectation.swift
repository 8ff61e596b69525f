import Schema

/// What must come back from a request.
struct Expectation: Settings {
    @Setting("Status code.")
    var status: Int?

    @Setting("Field name to what it must be.")
    var headers: OrderedMap<Matcher> = [:]

    @Setting("The body.")
    var body: Matcher?

    @Setting("The reason of the gateway's own answer: a member of the problem document.")
    var reason: String?

    @Setting("What the upstream was asked, or `none`.")
    var upstream: UpstreamExpectation?

    @Setting("What the service that URLs in `.internal` lead to was asked, or `none`.")
    var callouts: UpstreamExpectation?

    @Setting("Members of the line in the access log.")
    var log: RawNode?

    @Setting("The connection is closed behind the answer.")
    var closed: Bool?

    var origin = Origin()
    init() {}
}

/// `none`, or what the one request was that the upstream got.
enum UpstreamExpectation: SettingValue {
    case nothing
    case request(Fields)

    struct Fields: Settings {
        @Setting("Method.")
        var method: String?

        @Setting("Target.")
        var target: Matcher?

        @Setting("Field name to what it must be.")
        var headers: OrderedMap<Matcher> = [:]

        @Setting("The body.")
        var body: Matcher?

        @Setting("How often it was asked; what is said here holds for the last time.", 1...1000)
        var times: Int = 1

        init() {}
    }

    static var shape: SettingShape { .either([.choice(["none"]), Fields.shape]) }
    var encoded: JSONValue { .null }

    static func decode(_ node: ConfigNode, in context: DecodingContext) -> UpstreamExpectation? {
        if node.text == "none" { return .nothing }
        return Fields.decode(node, in: context).map { .request($0) }
    }
}

/// What came back from a request.
struct Outcome: Sendable {
    var response: WireMessage
    /// What the upstream was asked meanwhile.
    var asked: [WireMessage] = []
    /// What the service of callouts was asked meanwhile.
    var calledOut: [WireMessage] = []
    /// The gateway has ended the connection, or has said that it would.
    var isClosed = false
}

extension Expectation {
    /// Every way in which `outcome` is not what was expected. `line`: of the access log.
    func problems(with outcome: Outcome) -> [String] {
        var problems: [String] = []
        let response = outcome.response
        if let status, response.status != status {
            problems.append("expected status \(status), got \(response.status) with the body `\(response.text)`")
        }
        problems += Expectation.problems(headers, in: response, "")
        if let problem = body?.problem(with: [response.text]) { problems.append("body: \(problem)") }
        if let reason {
            let got = ConfigNode(json: response.text).flatMap { node -> String? in
                guard case .map(let members) = node.content else { return nil }
                return members.first { $0.key == "reason" }?.value.text
            }
            if got != reason { problems.append("expected the reason `\(reason)`, got \(got.map { "`\($0)`" } ?? "none: `\(response.text)`")") }
        }
        if let closed, closed != outcome.isClosed {
            problems.append(closed ? "the connection was not closed" : "the connection was closed")
        }
        return problems + Expectation.problems(upstream, with: outcome.asked, "upstream")
            + Expectation.problems(callouts, with: outcome.calledOut, "callouts")
    }

    func problems(withLog line: ConfigNode) -> [String] {
        log?.node.problem(with: line, at: "").map { ["log: \($0) in \(line.flowText)"] } ?? []
    }

    /// `name`: who was asked.
    private static func problems(_ expected: UpstreamExpectation?, with asked: [WireMessage], _ name: String) -> [String] {
        switch expected {
        case nil: return []
        case .nothing:
            return asked.isEmpty ? [] : ["the \(name) was asked: \(asked.map { $0.start.joined(separator: " ") })"]
        case .request(let wanted):
            guard let last = asked.last, asked.count == wanted.times else {
                return ["expected \(wanted.times) request(s) to the \(name), got \(asked.count)"]
            }
            var problems: [String] = []
            if let method = wanted.method, method != last.start[0] {
                problems.append("\(name): expected the method `\(method)`, got `\(last.start[0])`")
            }
            if let problem = wanted.target?.problem(with: [last.start[1]]) { problems.append("\(name): target: \(problem)") }
            problems += Expectation.problems(wanted.headers, in: last, "\(name): ")
            if let problem = wanted.body?.problem(with: [last.text]) { problems.append("\(name): body: \(problem)") }
            return problems
        }
    }

    private static func problems(_ headers: OrderedMap<Matcher>, in message: WireMessage, _ prefix: String) -> [String] {
        headers.entries.compactMap { entry in
            entry.value.problem(with: message.values(entry.key)).map { "\(prefix)header \(entry.key): \($0)" }
        }
    }

    /// Something is expected at all.
    var isEmpty: Bool {
        status == nil && headers.isEmpty && body == nil && reason == nil && upstream == nil && callouts == nil && log == nil && closed == nil
    }
}
