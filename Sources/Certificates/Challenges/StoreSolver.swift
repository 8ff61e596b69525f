internal import Reactor

/// HTTP-01 and TLS-ALPN-01: the answer lies in the store, where every gateway that shares it finds it, and others are told.
struct StoreSolver: ChallengeSolver {
    let store: CertificateStore
    let board: (any ChallengeBoard)?
    let type: String

    private func name(_ challenge: PreparedChallenge) -> String { type == "http-01" ? challenge.token : challenge.name }

    func present(_ challenge: PreparedChallenge) async throws(ACMEError) {
        do throws(SystemError) {
            try store.setChallenge(type, name(challenge), challenge.keyAuthorization)
        } catch {
            throw .challenge("\(error)")
        }
        board?.put(type, name(challenge), challenge.keyAuthorization)
    }

    func withdraw(_ challenge: PreparedChallenge) async throws(ACMEError) {
        store.removeChallenge(type, name(challenge))
        board?.takeDown(type, name(challenge))
    }
}
