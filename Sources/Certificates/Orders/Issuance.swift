internal import Identity
internal import Primitives

/// Answers challenges: makes what the authority looks for, and takes it away again.
protocol ChallengeSolver: Sendable {
    func present(_ challenge: PreparedChallenge) async throws(ACMEError)
    func withdraw(_ challenge: PreparedChallenge) async throws(ACMEError)
}

struct PreparedChallenge: Equatable, Sendable {
    /// Without the `*.` of a wildcard.
    var name: String
    var token: String
    /// RFC 8555 §8.1.
    var keyAuthorization: String

    /// The record of DNS-01 (RFC 8555 §8.4).
    var record: String { "_acme-challenge.\(name)" }
    var recordValue: String {
        get throws(CryptoFailure) { Base64URL.encode(try SHA256.digest(Array(keyAuthorization.utf8))) }
    }
}

/// Carries one order out: does what `OrderMachine` decides.
struct Issuance: Sendable {
    let client: ACMEClient
    let solver: any ChallengeSolver
    let names: [String]
    /// The renewal id of the certificate that is to be replaced (RFC 9773 §5).
    var replaces: String?

    /// The chain in PEM, for `key`.
    func run(key: PrivateKey) async throws(ACMEError) -> [UInt8] {
        var machine = OrderMachine(challenge: client.settings.challenge.type, names: names)
        var action = machine.next(.begin)
        while true {
            switch action {
            case .done(let chain): return chain
            case .fail(let error): throw error
            default: action = machine.next(await perform(action, key))
            }
        }
    }

    private func perform(_ action: OrderMachine.Action, _ key: PrivateKey) async -> OrderMachine.Event {
        do throws(ACMEError) {
            switch action {
            case .create:
                let response = try await create()
                guard let url = response["location"] else { throw .malformed("an order has no Location") }
                return .order(try ACMEOrder(try response.json()), url: url, retryAfter: response.retryAfter)
            case .readAuthorization(let url, let pause):
                if pause > 0 { try await client.pause(milliseconds: pause) }
                let response = try await client.post(url, nil)
                return .authorization(try ACMEAuthorization(try response.json()), retryAfter: response.retryAfter)
            case .present(let challenge, let name):
                try await solver.present(try prepare(challenge, name))
                return .presented
            case .answer(let url):
                _ = try await client.post(url, [:])
                return .answered
            case .withdraw(let challenge, let name):
                try await solver.withdraw(try prepare(challenge, name))
                return .withdrawn
            case .readOrder(let url, let pause):
                if pause > 0 { try await client.pause(milliseconds: pause) }
                let response = try await client.post(url, nil)
                return .order(try ACMEOrder(try response.json()), url: nil, retryAfter: response.retryAfter)
            case .finalize(let url):
                let response = try await client.post(url, ["csr": .string(Base64URL.encode(try request(key)))])
                return .order(try ACMEOrder(try response.json()), url: nil, retryAfter: response.retryAfter)
            case .download(let url):
                return .certificate(try await client.post(url, nil, accept: "application/pem-certificate-chain").body)
            case .done, .fail: return .failed(.local("the order is over"))
            }
        } catch {
            return .failed(error)
        }
    }

    private func create() async throws(ACMEError) -> ACMEResponse {
        let directory = try await client.directory()
        var order: JSONObject = ["identifiers": .array(names.map { ["type": "dns", "value": .string($0)] })]
        if directory.renewalInfo != nil, let replaces {
            order["replaces"] = .string(replaces)
            do throws(ACMEError) {
                return try await client.post(directory.newOrder, .object(order))
            } catch .problem(let problem) where problem.status == 409 || problem.kind == "alreadyReplaced" || problem.kind == "malformed" {
                // The authority knows of another successor, or not of this certificate: it is a new order then.
                order["replaces"] = nil
            }
        }
        return try await client.post(directory.newOrder, .object(order))
    }

    private func prepare(_ challenge: ACMEChallenge, _ name: String) throws(ACMEError) -> PreparedChallenge {
        do throws(CryptoFailure) {
            return PreparedChallenge(name: name, token: challenge.token, keyAuthorization: "\(challenge.token).\(try client.key.thumbprint())")
        } catch {
            throw ACMEError(error)
        }
    }

    private func request(_ key: PrivateKey) throws(ACMEError) -> [UInt8] {
        do throws(CryptoFailure) {
            return try CertificateSigningRequest.make(for: names, key: key)
        } catch {
            throw ACMEError(error)
        }
    }
}
