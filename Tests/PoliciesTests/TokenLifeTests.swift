import Reactor
import Testing

@testable import Policies

@Suite("Tokens for upstreams: their life")
struct TokenLifeTests {
    static func at(_ seconds: Int) -> Instant { Instant(nanoseconds: .seconds(1000 + seconds)) }
    static let one: [UInt8] = [1], two: [UInt8] = [2]

    @Test("one fetches, the others wait")
    func first() {
        var life = TokenLife()
        #expect(life.current(at: Self.at(0)) == nil && life.isOver(at: Self.at(0)))
        #expect(life.ask(at: Self.at(0)) == .fetch && !life.isOver(at: Self.at(0)))
        #expect(life.ask(at: Self.at(0)) == .wait && life.peek(at: Self.at(0)) == .wait)
        life.fetched(Self.one, lifetime: .seconds(100), share: 80, at: Self.at(1))
        #expect(life.ask(at: Self.at(1)) == .use(Self.one))
        #expect(life.current(at: Self.at(1))?.text == Self.one && life.current(at: Self.at(1))?.until == Self.at(81))
    }

    @Test("the next one is fetched ahead, by one, while the old one is used")
    func refresh() {
        var life = TokenLife()
        _ = life.ask(at: Self.at(0))
        life.fetched(Self.one, lifetime: .seconds(100), share: 80, at: Self.at(0))
        #expect(life.ask(at: Self.at(79)) == .use(Self.one))
        #expect(life.current(at: Self.at(80)) == nil)
        #expect(life.ask(at: Self.at(80)) == .useAndFetch(Self.one))
        #expect(life.ask(at: Self.at(81)) == .use(Self.one))
        life.fetched(Self.two, lifetime: .seconds(100), share: 80, at: Self.at(82))
        #expect(life.ask(at: Self.at(82)) == .use(Self.two))
    }

    @Test("a token that has ended is used no more, whoever fetches the next one")
    func end() {
        var life = TokenLife()
        _ = life.ask(at: Self.at(0))
        life.fetched(Self.one, lifetime: .seconds(10), share: 80, at: Self.at(0))
        #expect(life.ask(at: Self.at(9)) == .useAndFetch(Self.one))
        #expect(life.ask(at: Self.at(10)) == .wait)
        #expect(life.isOver(at: Self.at(10)) == false)
        life.fetched(Self.two, lifetime: .seconds(10), share: 80, at: Self.at(11))
        #expect(life.isOver(at: Self.at(21)) && life.ask(at: Self.at(21)) == .fetch)
    }

    @Test("an issuer that fails is asked ever more seldom, up to once a minute")
    func failures() {
        var life = TokenLife()
        var now = Self.at(0)
        for pause in [1, 2, 4, 8, 16, 32, 60, 60] {
            #expect(life.ask(at: now) == .fetch)
            life.failed(at: now)
            #expect(life.ask(at: now) == .fail(retryAfter: .seconds(pause)) && !life.isOver(at: now))
            now = now + .seconds(pause)
        }
        #expect(life.ask(at: now) == .fetch)
        life.fetched(Self.one, lifetime: .seconds(1), share: 80, at: now)
        now = now + .seconds(1)
        #expect(life.ask(at: now) == .fetch)
        life.failed(at: now)
        // After a success it begins with a second again.
        #expect(life.ask(at: now) == .fail(retryAfter: .seconds(1)))
    }

    @Test("a good token is used although its issuer fails, which is left alone meanwhile")
    func failureWhileGood() {
        var life = TokenLife()
        _ = life.ask(at: Self.at(0))
        life.fetched(Self.one, lifetime: .seconds(100), share: 10, at: Self.at(0))
        #expect(life.ask(at: Self.at(10)) == .useAndFetch(Self.one))
        life.failed(at: Self.at(10))
        #expect(life.ask(at: Self.at(10)) == .use(Self.one))
        #expect(life.ask(at: Self.at(11)) == .useAndFetch(Self.one))
        life.failed(at: Self.at(11))
        #expect(life.ask(at: Self.at(12)) == .use(Self.one) && life.ask(at: Self.at(13)) == .useAndFetch(Self.one))
    }

    @Test("a token that is rejected is given up, unless it is another one or too young")
    func rejection() {
        var life = TokenLife()
        _ = life.ask(at: Self.at(0))
        life.fetched(Self.one, lifetime: .seconds(100), share: 80, at: Self.at(0))
        #expect(!life.rejected(Self.one, at: Self.at(9)) && !life.rejected(Self.two, at: Self.at(10)))
        #expect(life.ask(at: Self.at(10)) == .use(Self.one))
        #expect(life.rejected(Self.one, at: Self.at(10)) && life.ask(at: Self.at(10)) == .fetch)
    }

    @Test("lives as long as anybody can write do not overflow")
    func extremes() {
        var life = TokenLife()
        _ = life.ask(at: Self.at(0))
        life.fetched(Self.one, lifetime: .max, share: 200, at: Self.at(0))
        #expect(life.ask(at: Self.at(1_000_000)) == .use(Self.one))
    }
}

@Suite("Tokens for upstreams: one for all that wait")
struct TokenSourceTests {
    private actor Issuer {
        private(set) var count = 0
        private var gate: CheckedContinuation<Void, Never>?
        private var isOpen = false

        func fetch() async -> Result<IssuedToken, TokenFailure> {
            count += 1
            if !isOpen { await withCheckedContinuation { gate = $0 } }
            return .success(IssuedToken(text: [7], lifetime: .seconds(100)))
        }

        func open() {
            isOpen = true
            gate?.resume()
            gate = nil
        }

        func waitUntilAsked() async { while count == 0 { await Task.yield() } }
    }

    @Test("a hundred that ask at the same time cause one fetch; one of them leaving does not end it")
    func singleFlight() async {
        let issuer = Issuer()
        let source = TokenSource(refreshAfter: 80) { await issuer.fetch() }
        let first = Task { await source.token() }
        await issuer.waitUntilAsked()
        first.cancel()
        let others = (0..<100).map { _ in Task { await source.token() } }
        await issuer.open()
        for task in others { #expect(await task.value == .success([7])) }
        #expect(await first.value == .success([7]))
        #expect(await issuer.count == 1)
    }

    @Test("a failure is told to all, and the issuer is left alone")
    func failure() async {
        let issuer = Issuer()
        await issuer.open()
        let source = TokenSource(refreshAfter: 80) {
            _ = await issuer.fetch()
            return .failure(.refused)
        }
        for _ in 0..<10 { #expect(await source.token() == .failure(.refused)) }
        #expect(await issuer.count == 1)
    }

    @Test("exchanged tokens are bounded")
    func exchange() async {
        let tokens = TokenExchange(most: 10) { name in
            TokenSource(refreshAfter: 80) { .success(IssuedToken(text: Array(name.utf8), lifetime: .seconds(100))) }
        }
        for number in 0..<50 {
            let source = tokens.source(for: Array("t\(number)".utf8))
            #expect(await source?.token() == .success(Array("t\(number)".utf8)))
            #expect(tokens.count <= 10)
        }
        #expect(tokens.source(for: Array("t49".utf8))?.current?.text == Array("t49".utf8))
    }
}
