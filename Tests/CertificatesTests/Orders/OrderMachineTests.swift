import Primitives
import Testing

@testable import Certificates

/// The dialogue between an order and its authority.
@Suite struct OrderMachineTests {
    typealias Machine = OrderMachine
    static let problem = ACMEProblem(kind: "unauthorized", detail: "wrong answer")

    func challenge(_ type: String = "http-01", problem: ACMEProblem? = nil) throws -> ACMEChallenge {
        var challenge = try #require(ACMEChallenge(["type": .string(type), "url": "https://ca/c", "token": "token"]))
        challenge.problem = problem
        return challenge
    }

    func authorization(_ status: ACMEAuthorization.Status, name: String = "a.test", _ challenges: [ACMEChallenge]? = nil) throws -> ACMEAuthorization
    {
        var made = try ACMEAuthorization(["status": "pending", "identifier": ["type": "dns", "value": .string(name)], "challenges": []])
        made.status = status
        made.challenges = try challenges ?? [challenge("dns-01"), challenge()]
        return made
    }

    func order(_ status: ACMEOrder.Status, certificate: String? = nil, authorizations: [String] = ["https://ca/a"]) throws -> ACMEOrder {
        var made = try ACMEOrder(["status": "pending", "finalize": "https://ca/f", "authorizations": .array(authorizations.map { .string($0) })])
        made.status = status
        made.certificate = certificate
        return made
    }

    /// Up to where the authority has been told of the first challenge.
    func answered() throws -> Machine {
        var machine = Machine(challenge: "http-01", names: ["a.test"])
        #expect(machine.next(.begin) == .create)
        #expect(
            machine.next(.order(try order(.pending), url: "https://ca/o", retryAfter: nil))
                == .readAuthorization("https://ca/a", afterMilliseconds: 0))
        #expect(machine.next(.authorization(try authorization(.pending), retryAfter: nil)) == .present(try challenge(), name: "a.test"))
        #expect(machine.next(.presented) == .answer("https://ca/c"))
        #expect(machine.next(.answered) == .readAuthorization("https://ca/a", afterMilliseconds: 250))
        return machine
    }

    @Test func fromBeginningToEnd() throws {
        var machine = try answered()
        #expect(
            machine.next(.authorization(try authorization(.pending), retryAfter: nil)) == .readAuthorization("https://ca/a", afterMilliseconds: 500))
        #expect(
            machine.next(.authorization(try authorization(.pending), retryAfter: 3)) == .readAuthorization("https://ca/a", afterMilliseconds: 3000))
        #expect(machine.next(.authorization(try authorization(.valid), retryAfter: nil)) == .withdraw(try challenge(), name: "a.test"))
        #expect(machine.next(.withdrawn) == .readOrder("https://ca/o", afterMilliseconds: 0))
        #expect(machine.next(.order(try order(.pending), url: nil, retryAfter: nil)) == .readOrder("https://ca/o", afterMilliseconds: 500))
        #expect(machine.next(.order(try order(.ready), url: nil, retryAfter: nil)) == .finalize("https://ca/f"))
        #expect(machine.next(.order(try order(.processing), url: nil, retryAfter: 2)) == .readOrder("https://ca/o", afterMilliseconds: 2000))
        // Finalized once, whatever the order says afterwards.
        #expect(machine.next(.order(try order(.ready), url: nil, retryAfter: nil)) == .readOrder("https://ca/o", afterMilliseconds: 1000))
        #expect(machine.next(.order(try order(.valid, certificate: "https://ca/x"), url: nil, retryAfter: nil)) == .download("https://ca/x"))
        #expect(machine.next(.certificate([1])) == .done([1]))
        guard case .fail = machine.next(.begin) else {
            Issue.record("went on after the end")
            return
        }
    }

    @Test func whatIsValidIsNotProvedAgain() throws {
        var machine = Machine(challenge: "http-01", names: ["a.test", "*.b.test"])
        _ = machine.next(.begin)
        let both = try order(.pending, authorizations: ["https://ca/1", "https://ca/2"])
        #expect(machine.next(.order(both, url: "https://ca/o", retryAfter: nil)) == .readAuthorization("https://ca/1", afterMilliseconds: 0))
        #expect(machine.next(.authorization(try authorization(.valid), retryAfter: nil)) == .readAuthorization("https://ca/2", afterMilliseconds: 0))
        #expect(
            machine.next(.authorization(try authorization(.valid, name: "b.test"), retryAfter: nil))
                == .readOrder("https://ca/o", afterMilliseconds: 0))
    }

    @Test func theChallengeIsTakenBackBeforeItFails() throws {
        var machine = try answered()
        let refused = try authorization(.invalid, [challenge(problem: Self.problem)])
        #expect(machine.next(.authorization(refused, retryAfter: nil)) == .withdraw(try challenge(), name: "a.test"))
        #expect(machine.next(.withdrawn) == .fail(.problem(ACMEProblem(kind: "unauthorized", detail: "a.test: wrong answer"))))

        machine = try answered()
        #expect(machine.next(.failed(.connection("gone"))) == .withdraw(try challenge(), name: "a.test"))
        #expect(machine.next(.failed(.challenge("not taken back"))) == .fail(.connection("gone")))
    }

    @Test func nobodyWaitsForEver() throws {
        var machine = try answered()
        var polls = 0
        while case .readAuthorization(_, let pause) = machine.next(.authorization(try authorization(.pending), retryAfter: nil)) {
            #expect(pause <= 10_000)
            polls += 1
            try #require(polls < 100)
        }
        #expect(machine.next(.withdrawn) == .fail(.challenge("the authority has not come to a result for a.test")))
    }

    @Test func otherChallengesAndNamesAreRefused() throws {
        var machine = Machine(challenge: "tls-alpn-01", names: ["a.test"])
        _ = machine.next(.begin)
        _ = machine.next(.order(try order(.pending), url: "https://ca/o", retryAfter: nil))
        let offers = machine.next(.authorization(try authorization(.pending), retryAfter: nil))
        #expect(offers == .fail(.challenge("the authority offers no tls-alpn-01 for a.test, only dns-01, http-01")))
        machine = Machine(challenge: "http-01", names: ["a.test"])
        _ = machine.next(.begin)
        _ = machine.next(.order(try order(.pending), url: "https://ca/o", retryAfter: nil))
        let other = machine.next(.authorization(try authorization(.pending, name: "../a.test"), retryAfter: nil))
        #expect(other == .fail(.malformed("an authorization for a name that was not asked for")))
    }

    @Test func anOrderThatFails() throws {
        var machine = Machine(challenge: "http-01", names: ["a.test"])
        _ = machine.next(.begin)
        #expect(machine.next(.failed(.connection("x"))) == .fail(.connection("x")))
        machine = Machine(challenge: "http-01", names: ["a.test"])
        _ = machine.next(.begin)
        var invalid = try order(.invalid)
        invalid.problem = Self.problem
        #expect(machine.next(.order(invalid, url: "https://ca/o", retryAfter: nil)) == .fail(.problem(Self.problem)))
    }

    @Test func tokensThatLeadElsewhereAreNone() {
        #expect(ACMEChallenge(["type": "http-01", "url": "https://ca/c", "token": "../x"]) == nil)
        #expect(ACMEChallenge(["type": "http-01", "url": "https://ca/c"]) == nil)
    }
}
