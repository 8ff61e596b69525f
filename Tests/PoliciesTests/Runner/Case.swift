import Schema

/// What the file of a case says.
struct Case: Settings {
    @Setting("What a reader learns from the case, one sentence.")
    var shows: String

    @Setting("Where it runs. Left out: everywhere, or over memory alone if it lets more than a second pass.")
    var rigs: [RigKind] = []

    @Setting("The configuration.")
    var config: CaseConfiguration

    @Setting("What happens, one after the other.")
    var steps: [CaseStep] = []

    @Setting("Errors that loading the configuration reports, all of them.")
    var refused: [RefusedMessage] = []

    init() {}
}

/// A configuration, as what is laid over one with a listener, the upstream `up` and a route to it.
struct CaseConfiguration: Settings {
    @Setting("Policies of the one route.")
    var policies: RawNode?

    @Setting("More of that route.")
    var route: RawNode?

    @Setting("More of its API.")
    var api: RawNode?

    @Setting("More of the upstream `up`.")
    var upstream: RawNode?

    @Setting("More of the listener.")
    var listener: RawNode?

    @Setting("More of the file's top level.")
    var gateway: RawNode?

    init() {}
}

/// One thing that happens: exactly one of `send`, `advance`, `reload`.
struct CaseStep: Settings {
    @Setting("A request.")
    var send: CaseRequest?

    @Setting("What the upstream answers.")
    var answer: CaseAnswer = CaseAnswer()

    @Setting("What the service that URLs in `.internal` lead to answers: the first that is for the path.")
    var callouts: [CaseAnswer] = []

    @Setting("How often it is sent.", 1...10_000)
    var times: Int = 1

    @Setting("What comes back, each time.")
    var expect: Expectation?

    @Setting("Time that passes.", .milliseconds(1) ... .seconds(86_400 * 400))
    var advance: Duration?

    @Setting("Another configuration.")
    var reload: CaseConfiguration?

    var origin = Origin()
    init() {}
}

/// An error that the configuration must cause.
struct RefusedMessage: Settings {
    @Setting("Part of the message.")
    var message: String

    @Setting("Line and column: `7:30`.")
    var at: String?

    var origin = Origin()
    init() {}
}

enum RigKind: String, SettingChoice {
    case memory, socket, process
}

/// A part of the configuration, which the gateway decodes itself.
struct RawNode: SettingValue {
    let node: ConfigNode

    static var shape: SettingShape { .text(name: "part of a configuration", pattern: nil, examples: []) }
    static func decode(_ node: ConfigNode, in context: DecodingContext) -> RawNode? { RawNode(node: node) }
    var encoded: JSONValue { .null }
}
