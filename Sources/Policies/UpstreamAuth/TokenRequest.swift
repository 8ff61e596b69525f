import GatewayCore
import Identity
import PolicyKit
import Primitives
import Reactor
import Schema

/// Asks an issuer for tokens.
struct TokenRequest: Sendable {
    private let url: CalloutURL
    private let timeout: Nanoseconds
    private let usualLifetime: Nanoseconds
    private let clientID: String
    private let client: Client
    /// Of each request.
    private let parameters: [(name: String, value: String)]

    private enum Client: Sendable {
        /// The value of `Authorization`.
        case basic(String)
        case post(secret: String)
        case assertion(SigningKey, SignatureAlgorithm?)
        case none
    }

    /// A client's assertion is good for a minute, and signed for each request.
    private static let assertionLifetime = 60
    /// No token is longer, and no error.
    private static let longestAnswer = 256 << 10
    private static let longestLifetime = 366 * 86_400

    init(_ config: UpstreamAuth.Issuer, _ path: String) throws(PolicyError) {
        do throws(CalloutURLError) { url = try CalloutURL(parsing: config.tokenUrl) } catch {
            throw PolicyError(error.rawValue, at: config.$tokenUrl.position, path: "\(path).tokenUrl")
        }
        timeout = config.timeout.nanoseconds
        usualLifetime = config.lifetime.nanoseconds
        clientID = config.clientId
        client = try TokenRequest.client(config, path)
        var parameters: [(String, String)] = []
        if !config.scopes.isEmpty { parameters.append(("scope", config.scopes.joined(separator: " "))) }
        if let audience = config.audience { parameters.append(("audience", audience)) }
        self.parameters = parameters + config.parameters.entries.map { ($0.key, $0.value) }
    }

    private static func client(_ config: UpstreamAuth.Issuer, _ path: String) throws(PolicyError) -> Client {
        switch config.clientAuthentication {
        case .basic, .post:
            guard let secret = config.clientSecret?.text, !secret.isEmpty else {
                throw PolicyError("`\(config.clientAuthentication.rawValue)` needs a `clientSecret`", at: config.$clientId.position, path: path)
            }
            guard config.clientAuthentication == .basic else { return .post(secret: secret) }
            // Both are encoded as in a form before (RFC 6749 §2.3.1).
            let out = ByteBuffer(), encoded = ByteBuffer()
            out.append(text: "\(FormBody.encoded(config.clientId)):\(FormBody.encoded(secret))")
            encoded.append("Basic ")
            Base64.encode(out.view, into: encoded)
            return .basic(encoded.view.string)
        case .privateKeyJWT:
            guard let pem = config.privateKey?.text else {
                throw PolicyError("`private-key-jwt` needs a `privateKey`", at: config.$clientId.position, path: path)
            }
            let algorithm = try SignatureAlgorithm.named(config.algorithm, at: config.$algorithm.position, "\(path).algorithm")
            do throws(KeyError) { return .assertion(try SigningKey(pem: pem, kid: config.keyId, algorithm: algorithm), algorithm) } catch {
                throw PolicyError("the key can't be used: \(error)", at: config.$privateKey.position, path: "\(path).privateKey")
            }
        case .none: return .none
        }
    }

    /// - Parameters:
    ///   - grant: the parameters of the grant, `grant_type` first.
    ///   - now: seconds since 1970.
    func callout(_ grant: [(name: String, value: String)], now: Int) -> Callout? {
        var callout = Callout(url)
        callout.method = "POST"
        callout.timeout = timeout
        callout.mostBytes = TokenRequest.longestAnswer
        callout.headers = [("content-type", "application/x-www-form-urlencoded"), ("accept", "application/json")]
        var form = grant + parameters
        switch client {
        case .basic(let value): callout.headers.append(("authorization", value))
        case .post(let secret): form += [("client_id", clientID), ("client_secret", secret)]
        case .none: form.append(("client_id", clientID))
        case .assertion(let key, let algorithm):
            guard let assertion = assertion(key, algorithm, now: now) else { return nil }
            form += [
                ("client_id", clientID), ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                ("client_assertion", assertion),
            ]
        }
        callout.body = FormBody.bytes(form)
        return callout
    }

    /// RFC 7523 §3.
    private func assertion(_ key: SigningKey, _ algorithm: SignatureAlgorithm?, now: Int) -> String? {
        var random = FastRandom()
        let id = String(random.next(), radix: 36) + String(random.next(), radix: 36)
        let claims: JSON = [
            "iss": .string(clientID), "sub": .string(clientID), "aud": .string(url.description), "jti": .string(id), "iat": .number(JSONNumber(now)),
            "exp": .number(JSONNumber(now + TokenRequest.assertionLifetime)),
        ]
        return try? JSONWebToken.make(claims: claims, key: key, algorithm: algorithm)
    }

    /// What the issuer's answer means (RFC 6749 §5).
    func read(_ answer: Result<FetchResponse, GatewayError>) -> Result<IssuedToken, TokenFailure> {
        guard case .success(let response) = answer else { return .failure(.unavailable) }
        guard response.status == 200 else {
            // `invalid_client` is a mistake of the configuration; whatever else is wrong with a request is wrong with the client's token.
            let code = (try? JSON.parse(response.body))?["error"]?.string
            let isRefused = response.status == 400 && ["invalid_request", "invalid_grant", "invalid_target", "access_denied"].contains(code)
            return .failure(isRefused ? .refused : .unavailable)
        }
        guard let json = try? JSON.parse(response.body), let token = json["access_token"]?.string, !token.isEmpty,
            token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
        else { return .failure(.unavailable) }
        let type = json["token_type"]?.string?.lowercased() ?? "bearer"
        guard type == "bearer" || type == "n_a" else { return .failure(.unavailable) }
        // Some issuers write the number as a text.
        let seconds = json["expires_in"]?.int ?? json["expires_in"]?.string.flatMap { Int($0) }
        let lifetime = seconds.map { Nanoseconds.seconds(min(max(1, $0), TokenRequest.longestLifetime)) }
        return .success(IssuedToken(text: Array(token.utf8), lifetime: lifetime ?? usualLifetime))
    }
}

extension SignatureAlgorithm {
    static func named(_ name: String?, at position: SourcePosition, _ path: String) throws(PolicyError) -> SignatureAlgorithm? {
        guard let name else { return nil }
        if let algorithm = SignatureAlgorithm(rawValue: name) { return algorithm }
        throw PolicyError(
            "there is no algorithm `\(name)`", at: position, path: path,
            remedy: "one of \(SignatureAlgorithm.allCases.map(\.rawValue).joined(separator: ", "))")
    }
}

/// `application/x-www-form-urlencoded`.
enum FormBody {
    static func bytes(_ pairs: [(name: String, value: String)]) -> [UInt8] {
        Array(pairs.map { "\(encoded($0.name))=\(encoded($0.value))" }.joined(separator: "&").utf8)
    }

    static func encoded(_ text: String) -> String {
        let out = ByteBuffer()
        out.append(text: text)
        out.percentEncode(from: 0)
        return out.view.string
    }
}
