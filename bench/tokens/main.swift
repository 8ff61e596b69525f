// What tokens cost: the policy `jwt` with a token that it knows, and verifying one of each algorithm.
//
//     token-bench
import GatewayCore
import Identity
import Model
import Policies
import PolicyKit
import Primitives
import Reactor
import Schema

/// Nanoseconds of one call, the best of five rounds.
func measure(_ count: Int, _ body: () -> Void) -> Int {
    var best = UInt64.max
    for _ in 0..<5 {
        let start = Instant.now
        for _ in 0..<count { body() }
        best = min(best, Instant.now.nanoseconds - start.nanoseconds)
    }
    return Int(best) / count
}

func claims(_ now: Int) -> JSON {
    [
        "iss": "https://id.example.com", "aud": "orders", "sub": "mobile-app", "iat": .number(JSONNumber(now)),
        "exp": .number(JSONNumber(now + 3600)),
        "scope": "orders:read orders:write", "jti": "4f1c2b9e-6d3a-4a55-9a57-0c1d2e3f4a5b",
    ]
}

let now = Int(Instant.wallClock / 1_000_000_000)

// Known tokens: everything that the policy does.
let loop = EventLoop(index: 0, backend: try EpollBackend())
let exchange = Exchange(loop: loop)
for algorithm in [SignatureAlgorithm.HS256, .RS256] {
    let key = try SigningKey.generate(algorithm)
    var config = JWT.Config()
    var setting = TokenKeySettings()
    if case .secret(let secret) = key.jwk.material {
        setting.secretBase64 = SecretText(Base64URL.encode(secret))
    } else {
        setting.pem = SecretText(try key.publicPEM())
    }
    config.issuer = "https://id.example.com"
    config.audience = ["orders"]
    config.keys = [setting]
    config.hideCredentials = false
    let policy = try JWT(config, PolicyContext(label: "jwt", loops: 1))
    let token = try JSONWebToken.make(claims: claims(now), key: key)
    exchange.request.fields.clear()
    exchange.request.fields.append("host", "api.example.com")
    exchange.request.fields.append("accept", "*/*")
    exchange.request.fields.append("authorization", "Bearer \(token)")
    guard case .proceed = policy.verdict(exchange) else { fatalError("the token is refused") }
    print("policy, known token, \(algorithm.rawValue), \(token.utf8.count) bytes: \(measure(1_000_000) { _ = policy.verdict(exchange) }) ns")
}

// New tokens: form, signature, claims.
for algorithm in SignatureAlgorithm.allCases {
    let key = try SigningKey.generate(algorithm)
    let token = try JSONWebToken.make(claims: claims(now), key: key)
    var rules = TokenRules()
    rules.issuers = ["https://id.example.com"]
    rules.audiences = ["orders"]
    let verifier = TokenVerifier(rules, keys: VerifyingKeys([try key.verifyingKey()]))
    let signed = try SignedToken(parsing: token)
    let whole = measure(2000) { _ = try? verifier.verify(token, now: now) }
    let signature = measure(2000) { try? signed.verify(with: verifier.keys) }
    print("new token, \(algorithm.rawValue): \(whole) ns, of which the signature \(signature) ns")
}
