import Certificates
import GatewayCore
import PolicyKit
import Primitives

/// Authorities that look whether a name is the gateway's (HTTP-01, RFC 8555 §8.3): they are answered in front of all routes.
extension Worker {
    /// The token that a request asks for; nil for every other request.
    func challengeToken(_ exchange: Exchange) -> String? {
        let prefix = ByteView("/.well-known/acme-challenge/"), path = exchange.request.path
        guard path.count > prefix.count, path.prefix(prefix.count) == prefix, exchange.request.method == .get else { return nil }
        return path.dropFirst(prefix.count).string
    }

    /// Looks for the answer in the store. A token of somebody else's, such as of a service behind the gateway, takes its route.
    func answerChallenge(_ token: String, _ exchange: Exchange, _ service: CertificateService) {
        suspend(exchange, ChallengeWait(token: token, service: service, worker: self))
    }

    fileprivate func goOn(_ exchange: Exchange, _ verdict: Verdict) {
        guard case .reply = verdict else {
            guard let view = exchange.snapshot as? SnapshotView else { return }
            return route(exchange, view)
        }
        exchange.response.status = 200
        exchange.response.fields.append("content-type", "application/octet-stream")
        exchange.response.framing = .length(exchange.takenReplyBody.count)
        exchange.reply(body: exchange.takenReplyBody)
    }
}

/// A request that waits for the store.
private struct ChallengeWait: PolicyWait {
    let token: String
    let service: CertificateService
    let worker: Worker

    func work(_ exchange: Exchange) async -> Verdict {
        guard let answer = await service.answer(token: token) else { return .proceed }
        exchange.takeReplyBody().append(text: answer)
        return .reply
    }

    func goOn(_ exchange: Exchange, _ verdict: Verdict) { worker.goOn(exchange, verdict) }
}
