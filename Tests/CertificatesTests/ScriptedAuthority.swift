import GatewayCore
import Identity
import Primitives
import Reactor
import Synchronization
import Testing

@testable import Certificates

/// An ACME server in memory: it reads what is signed, insists on nonces of its own, and answers as a test has said.
final class ScriptedAuthority: CalloutClient {
    struct Request: Equatable {
        var method: String
        var target: String
        /// Of the signed header and payload; null for plain requests, and for those that stand for GET.
        var header = JSON.null
        var payload = JSON.null
    }

    struct Answer {
        var status = 200
        var body = JSON.null
        var raw: [UInt8]?
        var headers: [(name: String, value: String)] = []
    }

    private struct State {
        var nonce = 0
        var good: Set<String> = []
        var requests: [Request] = []
        var answers: [String: [Answer]] = [:]
        /// Requests whose nonces are refused, whatever they are.
        var refusals = 0
        var brokenConnections = 0
    }

    private let state = Mutex(State())
    static let origin = "https://ca.test"

    init() {
        answer("/dir", directory)
        answer("/account", Answer(status: 201, body: ["status": "valid"], headers: [("Location", "\(Self.origin)/account/1")]))
    }

    var directory: Answer {
        var members: JSONObject = ["meta": ["termsOfService": "https://ca.test/terms"]]
        for name in ["Nonce", "Account", "Order"] { members["new\(name)"] = .string("\(Self.origin)/\(name.lowercased())") }
        members["renewalInfo"] = .string("\(Self.origin)/renewal")
        return Answer(body: .object(members))
    }

    /// The next request for `path` is answered so; the last answer stays.
    func answer(_ path: String, _ answers: Answer...) { state.withLock { $0.answers[path] = answers } }
    func refuseNonces(_ count: Int) { state.withLock { $0.refusals = count } }
    func breakConnections(_ count: Int) { state.withLock { $0.brokenConnections = count } }
    var requests: [Request] { state.withLock { $0.requests } }
    func requests(to path: String) -> [Request] { requests.filter { $0.target == path } }

    func send(_ callout: Callout, on loop: EventLoop?) async -> Result<FetchResponse, GatewayError> {
        state.withLock { state in
            if state.brokenConnections > 0, callout.method == "POST" {
                state.brokenConnections -= 1
                return .failure(GatewayError(.upstreamReset, .upstream, "broken off"))
            }
            state.nonce += 1
            let nonce = "nonce-\(state.nonce)"
            state.good.insert(nonce)
            var request = Request(method: callout.method, target: callout.url.target)
            if callout.method == "POST" {
                guard let (header, payload) = Self.read(callout.body), let used = header["nonce"]?.string else {
                    return Self.respond(400, .null, nonce)
                }
                if state.good.remove(used) == nil || state.refusals > 0 {
                    state.refusals -= 1
                    return Self.respond(400, ["type": "urn:ietf:params:acme:error:badNonce", "detail": "no"], nonce)
                }
                (request.header, request.payload) = (header, payload)
                #expect(header["url"]?.string == callout.url.description)
            }
            state.requests.append(request)
            if request.target == "/nonce" { return Self.respond(200, .null, nonce) }
            guard let answers = state.answers[request.target], let first = answers.first else { return Self.respond(404, .null, nonce) }
            if answers.count > 1 { state.answers[request.target]?.removeFirst() }
            var response = FetchResponse(status: first.status, headers: first.headers, body: first.raw ?? first.body.bytes)
            if callout.method == "POST" { response.headers.append(("replay-nonce", nonce)) }
            return .success(response)
        }
    }

    private static func respond(_ status: Int, _ body: JSON, _ nonce: String) -> Result<FetchResponse, GatewayError> {
        .success(FetchResponse(status: status, headers: [("Replay-Nonce", nonce)], body: body.bytes))
    }

    private static func read(_ body: [UInt8]) -> (header: JSON, payload: JSON)? {
        guard let jws = try? JSON.parse(body), let protected = jws["protected"]?.string.flatMap({ Base64URL.decode($0) }),
            let payload = jws["payload"]?.string.flatMap({ Base64URL.decode($0) }), let header = try? JSON.parse(protected)
        else { return nil }
        return (header, payload.isEmpty ? .null : (try? JSON.parse(payload)) ?? .null)
    }
}

/// A clock that never waits, and remembers for how long it should have.
final class ManualClock: CertificateClock {
    private let pauses = Mutex<[Int]>([])
    let now: Int64 = 1_795_520_000

    func sleep(milliseconds: Int) async -> Bool {
        pauses.withLock { $0.append(milliseconds) }
        return true
    }

    var slept: [Int] { pauses.withLock { $0 } }
}

/// Remembers what was asked of it.
final class RecordingSolver: ChallengeSolver {
    private let log = Mutex<[String]>([])
    func present(_ challenge: PreparedChallenge) async throws(ACMEError) {
        log.withLock { $0.append("present \(challenge.name) \(challenge.token)") }
    }
    func withdraw(_ challenge: PreparedChallenge) async throws(ACMEError) { log.withLock { $0.append("withdraw \(challenge.name)") } }
    var calls: [String] { log.withLock { $0 } }
}
