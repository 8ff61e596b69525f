import Identity
import Primitives

/// A browser that was sent to a provider and has not come back yet: what its sealed cookie holds.
struct LoginAttempt: Sendable, Equatable {
    /// Seconds that a person may take at the provider.
    static let lifetime = 900

    let provider: String
    let state: String
    let nonce: String
    let verifier: String
    /// Path and query that the person wanted to see.
    let returnTo: String
    /// Seconds of the Unix clock.
    let started: Int

    static func begin(_ provider: String, returnTo: String, now: Int) throws(CryptoError) -> LoginAttempt {
        LoginAttempt(
            provider: provider, state: try OpaqueToken.make(), nonce: try OpaqueToken.make(), verifier: try ProofKey.verifier(),
            returnTo: returnTo, started: now)
    }

    init(provider: String, state: String, nonce: String, verifier: String, returnTo: String, started: Int) {
        self.provider = provider
        self.state = state
        self.nonce = nonce
        self.verifier = verifier
        self.returnTo = returnTo
        self.started = started
    }

    /// What tells the cookies of several attempts apart: letters of Base64, whatever somebody sends as state.
    static func tag(of state: String) -> String {
        String(state.prefix(8).filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") })
    }

    func isGood(state: String, now: Int) -> Bool {
        ConstantTime.equal(Array(state.utf8), Array(self.state.utf8)) && now >= started - 60 && now - started < LoginAttempt.lifetime
    }

    /// Whether a browser may be sent there: to a path of this very origin. Browsers take `\` for `/`, and two slashes begin another host.
    static func isOwnPath(_ text: String) -> Bool {
        text.hasPrefix("/") && !text.hasPrefix("//") && text.utf8.count <= 2048
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\\") }
    }

    var json: JSON {
        [
            "p": .string(provider), "s": .string(state), "n": .string(nonce), "v": .string(verifier), "r": .string(returnTo),
            "t": .number(JSONNumber(started)),
        ]
    }

    init?(_ json: JSON) {
        guard let provider = json["p"]?.string, let state = json["s"]?.string, let nonce = json["n"]?.string, let verifier = json["v"]?.string,
            let returnTo = json["r"]?.string, let started = json["t"]?.int
        else { return nil }
        self.init(provider: provider, state: state, nonce: nonce, verifier: verifier, returnTo: returnTo, started: started)
    }
}
