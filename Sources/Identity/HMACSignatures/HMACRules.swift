import Primitives
import Reactor

/// What a verifier demands of an HMAC beyond its being right.
package struct HMACRules: Sendable {
    /// Fields that have to be signed, beside the target and a time.
    package var headers: [String] = []
    /// Seconds by which the time of signing may differ from now.
    package var skew: Int64 = 300
    /// By name; the first is that of those who don't say, or say `hs2019`.
    package var algorithms: [(name: String, algorithm: DigestAlgorithm)] = [("hmac-sha256", .sha256)]

    package init() {}

    /// - Parameter now: seconds since 1970.
    package func check(_ credentials: HMACCredentials, _ message: some SignedMessage, now: Int64) throws(SignatureError) {
        guard HMACSigningString.targets.contains(where: credentials.headers.contains) else { throw .refused("the request's target is not signed") }
        guard headers.allSatisfy(credentials.headers.contains) else { throw .refused("a field that has to be signed is not") }
        guard let time = HMACSigningString.times.first(where: credentials.headers.contains) else { throw .refused("no time is signed") }
        guard let signed = time == "(created)" ? credentials.created : HMACRules.time(of: time, message) else {
            throw .malformed("the time of signing is no date")
        }
        guard signed >= now &- skew, signed <= now &+ skew else { throw .refused("the time of signing is too far from now") }
        if credentials.headers.contains("(expires)") {
            guard let expires = credentials.expires, expires > now else { throw .refused("the signature has expired") }
        }
    }

    /// Nil: none that is accepted.
    package func algorithm(of credentials: HMACCredentials) -> DigestAlgorithm? {
        guard let name = credentials.algorithm, name != "hs2019" else { return algorithms.first?.algorithm }
        return algorithms.first { $0.name == name }?.algorithm
    }

    private static func time(of name: String, _ message: some SignedMessage) -> Int64? {
        name.withView { message.joined($0) }.flatMap { HTTPDate.seconds($0.view) }
    }
}
