import GatewayCore
import PolicyKit
import Primitives
import Reactor

extension MethodGroup {
    /// How far a request has come, and what was found out so far.
    struct Progress {
        /// The method that is next.
        var place = 0
        /// What to answer if nothing lets the request pass.
        var failure: GatewayError?
        /// Who calls, as the methods say that have let it pass, each once.
        var principals: ContiguousArray<Principal> = []
        /// Methods that have let it pass, one bit each.
        var passed: UInt64 = 0
        /// One for each method, as soon as any has been kept.
        var memos: ContiguousArray<Memo> = []
    }

    /// What the group keeps of an exchange in its memo: while a method waits, and for later phases.
    final class Kept {
        var progress: Progress
        init(_ progress: Progress) { self.progress = progress }
    }

    /// Nil: a method has to wait.
    func verdict(_ exchange: Exchange) -> Verdict? {
        var progress = Progress()
        if let verdict = advance(&progress, exchange) { return verdict }
        keep(progress, exchange)
        return nil
    }

    func onRequest(_ exchange: Exchange) async -> Verdict {
        var progress = (exchange.memo.object as? Kept)?.progress ?? Progress()
        while true {
            // The methods up to the one that waits have been asked, and are not asked again: some take a request once only.
            guard methods.indices.contains(progress.place), case .later(let policy) = methods[progress.place].action else {
                return .refuse(.internalError)
            }
            lend(progress.place, &progress, exchange)
            let start = exchange.trace == nil ? Instant.never : exchange.loop.backend.now
            let verdict = await policy.onRequest(exchange)
            if let final = settle(verdict, since: start, &progress, exchange) { return final }
            if let final = advance(&progress, exchange) { return final }
        }
    }

    /// Asks the methods from `place` on; nil when that one has to wait.
    private func advance(_ progress: inout Progress, _ exchange: Exchange) -> Verdict? {
        while progress.place < methods.count {
            let method = methods[progress.place]
            guard isTried(method, progress), method.instance.takesPart(in: exchange) else {
                exchange.trace?.record(method.instance.label, .request, 0, .skipped)
                progress.place += 1
                continue
            }
            lend(progress.place, &progress, exchange)
            let start = exchange.trace == nil ? Instant.never : exchange.loop.backend.now
            let verdict: Verdict
            switch method.action {
            case .now(let policy): verdict = policy.onRequest(exchange)
            case .later(let policy):
                guard let known = policy.verdict(exchange) else {
                    takeBack(progress.place, &progress, exchange, waits: true)
                    return nil
                }
                verdict = known
            }
            if let final = settle(verdict, since: start, &progress, exchange) { return final }
        }
        return end(&progress, exchange)
    }

    /// `anonymous` is for those who bring nothing, unless it says that it is for all.
    private func isTried(_ method: Method, _ progress: Progress) -> Bool {
        guard let fallback = method.fallback, let failure = progress.failure else { return true }
        return failure.reason == .credentialsMissing || fallback.takesInvalid && failure.status < 500
    }

    /// Takes a method's verdict in, and goes on to the next; the group's own verdict if that is clear by now.
    private func settle(_ verdict: Verdict, since start: Instant, _ progress: inout Progress, _ exchange: Exchange) -> Verdict? {
        let place = progress.place
        exchange.trace?.record(methods[place].instance.label, .request, exchange.loop.backend.now - start, PolicyTrace.Decision(verdict))
        takeBack(place, &progress, exchange)
        progress.place += 1
        switch verdict {
        case .proceed:
            progress.passed |= 1 << UInt64(place & 63)
            if rule == .any { return pass(progress, exchange) }
            guard let principal = exchange.principal, !progress.principals.contains(where: { $0 === principal }) else { return nil }
            progress.principals.append(principal)
            return nil
        case .refuse(let error):
            if rule == .all { return verdict }
            if progress.failure.map({ MethodGroup.weight(error) > MethodGroup.weight($0) }) ?? true { progress.failure = error }
            return nil
        // A page to log in, for one: it is an answer.
        case .reply: return verdict
        }
    }

    /// What could not be decided weighs most, then what is wrong, then what is missing.
    private static func weight(_ error: GatewayError) -> Int { error.status >= 500 ? 2 : error.reason == .credentialsMissing ? 0 : 1 }

    private func end(_ progress: inout Progress, _ exchange: Exchange) -> Verdict {
        guard rule == .all, progress.passed != 0 else {
            guard let failure = progress.failure, failure.reason != .credentialsMissing || methods.count == 1 else {
                return .refuse(.credentialsMissing, "This needs credentials of one of several kinds.")
            }
            return .refuse(failure)
        }
        guard progress.principals.count > 1 else { return pass(progress, exchange) }
        guard let principal = MethodGroup.merged(progress.principals) else {
            return .refuse(.credentialsInvalid, "The credentials do not belong together.")
        }
        exchange.identify(principal)
        return pass(progress, exchange)
    }

    private func pass(_ progress: Progress, _ exchange: Exchange) -> Verdict {
        if progress.failure != nil { exchange.response.fields.remove(named: ByteView("www-authenticate")) }
        if remembers { keep(progress, exchange) }
        return .proceed
    }

    /// One identity out of several: what the first says, with the consumer on which all agree, the claims of whoever has some, all
    /// scopes, and the nearest end. Nil: they belong to different consumers.
    static func merged(_ principals: ContiguousArray<Principal>) -> Principal? {
        guard let first = principals.first else { return nil }
        let consumers = principals.compactMap(\.consumer)
        guard consumers.allSatisfy({ $0.name == consumers.first?.name }) else { return nil }
        var scopes: [String] = []
        for scope in principals.flatMap(\.scopes) where !scopes.contains(scope) { scopes.append(scope) }
        return Principal(
            method: first.method, subject: first.subject, consumer: consumers.first { $0.application != nil } ?? consumers.first, scopes: scopes,
            claims: principals.lazy.compactMap(\.claims).first, expires: principals.compactMap(\.expires).min())
    }

    // MARK: Memos

    /// Gives a method the memo that it had.
    func lend(_ place: Int, _ progress: inout Progress, _ exchange: Exchange) {
        exchange.memo = progress.memos.indices.contains(place) ? progress.memos[place] : Memo()
    }

    /// What a method has kept counts until the response only if it acts again.
    func takeBack(_ place: Int, _ progress: inout Progress, _ exchange: Exchange, waits: Bool = false) {
        guard remembers || waits else { return }
        while progress.memos.count < methods.count { progress.memos.append(Memo()) }
        progress.memos[place] = exchange.memo
    }

    func keep(_ progress: Progress, _ exchange: Exchange) {
        var memo = Memo()
        memo.object = Kept(progress)
        exchange.memo = memo
    }
}
