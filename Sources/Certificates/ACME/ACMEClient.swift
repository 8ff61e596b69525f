internal import GatewayCore
internal import Primitives
internal import Reactor

/// Speaks ACME (RFC 8555) with one server, for one account. Confined to the loop of the certificates.
final class ACMEClient: @unchecked Sendable {
    let settings: IssuerSettings
    let key: PrivateKey
    private let callouts: any CalloutClient
    private let clock: any CertificateClock
    private var nonces = NoncePool()
    private var known: ACMEDirectory?
    /// The URL of the account, once there is one.
    var account: String?

    /// Tries of one request whose nonces are refused. A server under load forgets nonces as fast as it makes them.
    private static let mostNonces = 12
    /// Tries of one request that the network, or a server that is not well, breaks off.
    private static let mostTries = 3

    /// - Parameter callouts: trusts the authorities of the settings.
    init(_ settings: IssuerSettings, key: PrivateKey, callouts: any CalloutClient, clock: any CertificateClock) {
        self.settings = settings
        self.key = key
        self.callouts = callouts
        self.clock = clock
    }

    func directory() async throws(ACMEError) -> ACMEDirectory {
        if let known { return known }
        let directory = try ACMEDirectory(try await get(settings.directory).json())
        known = directory
        return directory
    }

    // MARK: Requests

    /// A signed request. Without a payload it stands for GET.
    func post(_ url: String, _ payload: JSON?, by identity: JWS.Identity, accept: String? = nil) async throws(ACMEError) -> ACMEResponse {
        var failure = ACMEError.connection("no try was made")
        var refusedNonces = 0, tries = 0
        while refusedNonces < ACMEClient.mostNonces, tries < ACMEClient.mostTries {
            let nonce: String
            do throws(ACMEError) {
                nonce = try await self.nonce()
                let body: [UInt8]
                do throws(CryptoFailure) {
                    body = try JWS.sign(payload, for: url, nonce: nonce, by: identity, key: key)
                } catch {
                    throw ACMEError(error)
                }
                return try await send(url, method: "POST", body: body, accept: accept)
            } catch {
                failure = error
                switch error {
                case .problem(let problem) where problem.kind == "badNonce": refusedNonces += 1
                case .problem(let problem) where problem.status >= 500 && problem.retryAfter == nil: tries += 1
                case .connection: tries += 1
                default: throw error
                }
            }
            if tries > 0, tries < ACMEClient.mostTries { try await pause(milliseconds: 500 << tries) }
        }
        throw failure
    }

    /// A request that needs no account: the directory, renewal information.
    func get(_ url: String) async throws(ACMEError) -> ACMEResponse { try await send(url, method: "GET", body: [], accept: nil) }

    func pause(milliseconds: Int) async throws(ACMEError) {
        guard await clock.sleep(milliseconds: milliseconds) else { throw .local("stopped") }
    }

    private func nonce() async throws(ACMEError) -> String {
        if let nonce = nonces.take() { return nonce }
        _ = try await send(try await directory().newNonce, method: "HEAD", body: [], accept: nil)
        guard let nonce = nonces.take() else { throw .malformed("there is no Replay-Nonce") }
        return nonce
    }

    private func send(_ url: String, method: String, body: [UInt8], accept: String?) async throws(ACMEError) -> ACMEResponse {
        let target: CalloutURL
        do throws(CalloutURLError) { target = try CalloutURL(parsing: url) } catch { throw .malformed("\(url): \(error.rawValue)") }
        // An authority that is asked in the clear is trusted only where the settings say so themselves.
        guard target.isSecure || settings.directory.hasPrefix("http://") else { throw .malformed("\(url) is not https") }
        var callout = Callout(target)
        callout.method = method
        callout.body = body
        if !body.isEmpty { callout.headers.append(("content-type", "application/jose+json")) }
        if let accept { callout.headers.append(("accept", accept)) }
        callout.connectTimeout = .seconds(10)
        callout.timeout = .seconds(30)
        switch await callouts.send(callout, on: nil) {
        case .failure(let error): throw .connection("\(target.authority): \(error.detail)")
        case .success(let fetched):
            let response = ACMEResponse(fetched, now: clock.now)
            if let nonce = response["replay-nonce"] { nonces.put(nonce) }
            guard (200...299).contains(response.status) else { throw .problem(response.problem) }
            return response
        }
    }
}

/// What an ACME server answers.
struct ACMEResponse: Sendable {
    let status: Int
    let body: [UInt8]
    /// Seconds.
    let retryAfter: Int?
    private let headers: [(name: String, value: String)]

    init(_ response: FetchResponse, now: Int64) {
        status = response.status
        body = response.body
        headers = response.headers
        retryAfter = response.headers.first { $0.name.lowercased() == "retry-after" }.flatMap { RetryAfter.parse($0.value, now: now) }
    }

    subscript(name: String) -> String? { headers.first { $0.name.lowercased() == name }?.value }

    func json() throws(ACMEError) -> JSON {
        do throws(JSONError) { return try JSON.parse(body) } catch { throw .malformed("\(error)") }
    }

    /// What a response that is none of success says.
    var problem: ACMEProblem {
        var problem = (try? json()).flatMap { ACMEProblem($0) } ?? ACMEProblem(kind: "status \(status)", detail: "")
        problem.status = status
        problem.retryAfter = retryAfter
        return problem
    }
}
