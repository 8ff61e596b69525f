/// The life of one order (RFC 8555 §7.1.6): decides what is done next, does nothing itself.
///
/// Authorizations are worked on one after the other: with DNS-01 a name and its wildcard share one record, and whoever
/// fails has asked the authority for as little as possible.
struct OrderMachine {
    enum Event: Equatable {
        case begin
        /// With the URL, when the order is new.
        case order(ACMEOrder, url: String?, retryAfter: Int?)
        case authorization(ACMEAuthorization, retryAfter: Int?)
        /// The answer to the challenge can be fetched.
        case presented
        /// The authority knows that it can.
        case answered
        case withdrawn
        case certificate([UInt8])
        case failed(ACMEError)
    }

    enum Action: Equatable {
        case create
        case readAuthorization(String, afterMilliseconds: Int)
        case present(ACMEChallenge, name: String)
        case answer(String)
        case withdraw(ACMEChallenge, name: String)
        case readOrder(String, afterMilliseconds: Int)
        case finalize(String)
        case download(String)
        case done([UInt8])
        case fail(ACMEError)
    }

    private enum State {
        case new
        case authorizing
        /// The challenge can be fetched, or is about to be.
        case proving(ACMEChallenge, name: String)
        /// What is done when the challenge has been taken back.
        case withdrawing(ACMEError?)
        case finalizing
        case downloading
        case over
    }

    private let type: String
    private let names: Set<String>
    private var state = State.new
    private var url = ""
    private var finalize = ""
    private var left: [String] = []
    private var isFinalized = false
    private var polls = 0

    /// How often one object is looked at until it must have changed: with the pauses below, two minutes and more.
    static let mostPolls = 20

    /// - Parameters:
    ///   - type: of the challenges to answer, such as `http-01`.
    ///   - names: of the certificate.
    init(challenge type: String, names: [String]) {
        self.type = type
        self.names = Set(names.map { $0.hasPrefix("*.") ? String($0.dropFirst(2)) : $0 })
    }

    mutating func next(_ event: Event) -> Action {
        switch (state, event) {
        case (.new, .begin): return .create
        case (.proving(let challenge, let name), .failed(let error)):
            state = .withdrawing(error)
            return .withdraw(challenge, name: name)
        // What was wrong before it was taken back counts.
        case (.withdrawing(let error), .failed(let late)): return fail(error ?? late)
        case (_, .failed(let error)): return fail(error)
        case (.new, .order(let order, let url?, _)):
            self.url = url
            finalize = order.finalize
            left = order.authorizations
            state = .authorizing
            return order.status == .invalid ? fail(.problem(ACMEOrder.unexplained(order))) : nextAuthorization()
        case (.authorizing, .authorization(let authorization, _)): return begin(authorization)
        case (.proving(let challenge, _), .presented): return .answer(challenge.url)
        case (.proving, .answered):
            polls = 0
            return .readAuthorization(left.first ?? "", afterMilliseconds: OrderMachine.pause(poll: 0, retryAfter: nil))
        case (.proving(let challenge, let name), .authorization(let authorization, let retryAfter)):
            return look(at: authorization, challenge, name, retryAfter)
        case (.withdrawing(let error), .withdrawn):
            if let error { return fail(error) }
            left.removeFirst()
            state = .authorizing
            return nextAuthorization()
        case (.finalizing, .order(let order, _, let retryAfter)): return look(at: order, retryAfter)
        case (.downloading, .certificate(let chain)):
            state = .over
            return .done(chain)
        default: return fail(.local("an order came to a step that it does not have"))
        }
    }

    // MARK: Authorizations

    private mutating func nextAuthorization() -> Action {
        if let url = left.first { return .readAuthorization(url, afterMilliseconds: 0) }
        state = .finalizing
        polls = 0
        return .readOrder(url, afterMilliseconds: 0)
    }

    private mutating func begin(_ authorization: ACMEAuthorization) -> Action {
        // Names become names of files and records: only those that were asked for do.
        guard names.contains(authorization.name) else { return fail(.malformed("an authorization for a name that was not asked for")) }
        switch authorization.status {
        case .valid:
            left.removeFirst()
            return nextAuthorization()
        case .pending:
            guard let challenge = authorization.challenges.first(where: { $0.type == type }) else {
                let offered = authorization.challenges.map(\.type).joined(separator: ", ")
                return fail(.challenge("the authority offers no \(type) for \(authorization.name), only \(offered.isEmpty ? "nothing" : offered)"))
            }
            state = .proving(challenge, name: authorization.name)
            return .present(challenge, name: authorization.name)
        default: return fail(.problem(authorization.problem))
        }
    }

    private mutating func look(at authorization: ACMEAuthorization, _ challenge: ACMEChallenge, _ name: String, _ retryAfter: Int?) -> Action {
        switch authorization.status {
        case .valid: state = .withdrawing(nil)
        case .pending:
            polls += 1
            guard polls < OrderMachine.mostPolls else {
                state = .withdrawing(.challenge("the authority has not come to a result for \(name)"))
                break
            }
            return .readAuthorization(left.first ?? "", afterMilliseconds: OrderMachine.pause(poll: polls, retryAfter: retryAfter))
        default:
            var problem = authorization.problem
            problem.detail = "\(name): \(problem.detail)"
            state = .withdrawing(.problem(problem))
        }
        return .withdraw(challenge, name: name)
    }

    // MARK: The certificate

    private mutating func look(at order: ACMEOrder, _ retryAfter: Int?) -> Action {
        switch order.status {
        case .ready where !isFinalized:
            isFinalized = true
            polls = 0
            return .finalize(finalize)
        case .valid:
            guard let certificate = order.certificate else { return fail(.malformed("a valid order has no certificate")) }
            state = .downloading
            return .download(certificate)
        case .invalid: return fail(.problem(ACMEOrder.unexplained(order)))
        case .pending, .ready, .processing:
            polls += 1
            guard polls < OrderMachine.mostPolls else { return fail(.malformed("the order stays \(order.status.rawValue)")) }
            return .readOrder(url, afterMilliseconds: OrderMachine.pause(poll: polls, retryAfter: retryAfter))
        }
    }

    private mutating func fail(_ error: ACMEError) -> Action {
        state = .over
        return .fail(error)
    }

    /// Longer each time, up to ten seconds; what the authority asks for is kept to, up to a minute.
    static func pause(poll: Int, retryAfter: Int?) -> Int {
        if let retryAfter { return min(max(retryAfter, 1), 60) * 1000 }
        return min(250 << min(poll, 6), 10_000)
    }
}

extension ACMEOrder {
    static func unexplained(_ order: ACMEOrder) -> ACMEProblem { order.problem ?? ACMEProblem(kind: "invalid order", detail: "no reason is given") }
}
