import Primitives
import ReactorTesting
import Testing

@testable import SharedState

@Suite struct RedisHandshakeTests {
    /// A dialogue: what is sent, and what the server answers to each.
    private func dialogue(
        _ settings: RedisClientSettings, wantsMaster: Bool = false, _ answers: [String]
    ) -> (sent: [String], end: RedisHandshake.Step?) {
        let out = ByteBuffer()
        var handshake = RedisHandshake(settings, wantsMaster: wantsMaster)
        var step = handshake.begin(into: out)
        var sent: [String] = []
        for answer in answers {
            guard step == .send else { break }
            sent.append(RedisRig.words(out.view.array))
            out.clear()
            step = Array(answer.utf8).withView { handshake.answered(RedisReply($0), into: out) }
        }
        return (sent, step)
    }

    private func settings(_ change: (inout RedisClientSettings) -> Void = { _ in }) -> RedisClientSettings {
        var settings = RedisClientSettings(.single(RedisRig.server(1)))
        change(&settings)
        return settings
    }

    @Test func theShortWay() {
        let (sent, end) = dialogue(settings(), ["%0\r\n", "+PONG\r\n"])
        #expect(sent == ["HELLO 3 SETNAME sluice", "PING"])
        #expect(end == .ready)
    }

    @Test func usersAndDatabases() {
        let settings = settings {
            $0.username = "gateway"
            $0.password = "tiny-otter"
            $0.database = 7
        }
        let (sent, end) = dialogue(settings, wantsMaster: true, ["%0\r\n", "+OK\r\n", "*1\r\n+master\r\n", "+PONG\r\n"])
        #expect(sent == ["HELLO 3 AUTH gateway tiny-otter SETNAME sluice", "SELECT 7", "ROLE", "PING"])
        #expect(end == .ready)
    }

    @Test(arguments: ["-ERR unknown command `HELLO`\r\n", "-NOPROTO unsupported protocol version\r\n", "-NOPERM no permission to run HELLO\r\n"])
    func olderServers(_ refusal: String) {
        let old = settings { $0.password = "tiny-otter" }
        #expect(
            dialogue(old, [refusal, "+OK\r\n", "+OK\r\n", "+PONG\r\n"]).sent
                == ["HELLO 3 AUTH default tiny-otter SETNAME sluice", "AUTH tiny-otter", "CLIENT SETNAME sluice", "PING"])
        let named = settings {
            $0.username = "gateway"
            $0.password = "tiny-otter"
        }
        #expect(dialogue(named, [refusal, "+OK\r\n", "-NOPERM\r\n", "+PONG\r\n"]).end == .ready)
        #expect(dialogue(settings(), [refusal, "+OK\r\n", "+PONG\r\n"]).sent == ["HELLO 3 SETNAME sluice", "CLIENT SETNAME sluice", "PING"])
    }

    @Test func whoDoesNotAskForRESP3() {
        let settings = settings {
            $0.asksForRESP3 = false
            $0.username = "gateway"
            $0.password = "tiny-otter"
        }
        #expect(
            dialogue(settings, ["+OK\r\n", "+OK\r\n", "+PONG\r\n"]).sent == ["AUTH gateway tiny-otter", "CLIENT SETNAME sluice", "PING"])
    }

    @Test(arguments: [
        (["-WRONGPASS invalid username-password pair\r\n"], StoreError.Kind.refused),
        (["-ERR unknown command\r\n", "-WRONGPASS x\r\n"], .refused), (["-NOAUTH HELLO\r\n", "+OK\r\n", "-NOAUTH x\r\n"], .refused),
        (["%0\r\n", "-LOADING Redis is loading the dataset in memory\r\n"], .unavailable),
        (["%0\r\n", "-ERR DB index is out of range\r\n"], .unavailable),
    ]) func serversThatAreOfNoUse(_ answers: [String], _ kind: StoreError.Kind) throws {
        let secret = answers[0].hasPrefix("-NOAUTH") ? nil : "tiny-otter"
        let end = dialogue(settings { $0.password = secret }, answers).end
        guard case .failed(let error) = try #require(end) else { Issue.record("\(String(describing: end))"); return }
        #expect(error.kind == kind)
        #expect(!error.detail.contains("tiny-otter"))
    }

    @Test func replicasAreRefused() {
        let replica = dialogue(settings(), wantsMaster: true, ["%0\r\n", "*5\r\n+slave\r\n+a\r\n:1\r\n+b\r\n:2\r\n"])
        #expect(replica.end == .failed(StoreError(.unavailable, "the server is no master")))
        #expect(dialogue(settings(), wantsMaster: true, ["%0\r\n", "-NOPERM\r\n", "+PONG\r\n"]).end == .ready)
    }

    @Test func aWrongPasswordFailsCommands() throws {
        let rig = RedisRig { $0.password = "tiny-otter" }
        rig.get("a")
        let peer = try #require(rig.dialled())
        #expect(rig.taken(peer) == "HELLO 3 AUTH default tiny-otter SETNAME sluice")
        peer.send("-WRONGPASS invalid username-password pair or user is disabled.\r\n")
        #expect(rig.results == ["a: refused"])
        #expect(rig.server.failure?.contains("WRONGPASS") == true)
    }
}
