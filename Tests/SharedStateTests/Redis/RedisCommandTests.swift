import Primitives
import Testing

@testable import SharedState

@Suite struct RedisCommandTests {
    private func written(prefix: String = "", _ write: (inout RedisCommand) -> Void) -> String? {
        let out = ByteBuffer()
        out.append("before")
        var command = RedisCommand(into: out, prefix: Array(prefix.utf8))
        write(&command)
        let length = command.finish()
        #expect(out.count == 6 + (length ?? 0))
        return length == nil ? nil : out.view.dropFirst(6).string
    }

    @Test func argumentsAreStrings() {
        let text = written(prefix: "p:") { command in
            command.begin("SET", arguments: 7)
            "k".withView { command.append(key: $0) }
            command.append(Array("a\r\nb".utf8))
            command.append("PX")
            command.append(0)
            command.append(-15)
            command.append(Int.max)
            command.append(Int.min)
        }
        #expect(
            text
                == "*8\r\n$3\r\nSET\r\n$3\r\np:k\r\n$4\r\na\r\nb\r\n$2\r\nPX\r\n$1\r\n0\r\n$3\r\n-15\r\n$19\r\n9223372036854775807\r\n$20\r\n-9223372036854775808\r\n"
        )
    }

    @Test(arguments: [0, 1, 3]) func aCommandWithAnotherCountIsNotThere(_ count: Int) {
        #expect(
            written { command in
                command.begin("GET", arguments: count)
                command.append("a")
                command.append("b")
            } == nil)
    }

    @Test func nothingIsNoCommand() { #expect(written { _ in } == nil) }

    @Test func aScriptIsCalledByItsText() {
        let script = RedisScript("return 1")
        #expect(String(decoding: script.digest, as: UTF8.self) == "e0e1f9fabfc9d4800c877a703b823ac0578ff8db")
        let call = written { command in
            command.begin("EVALSHA", arguments: 4)
            command.append(script.digest)
            command.append(1)
            "k".withView { command.append(key: $0) }
            command.append("a")
        }
        let again = Array((call ?? "").utf8).withView { script.withSource($0) }
        #expect(
            again.map { String(decoding: $0, as: UTF8.self) }
                == "*5\r\n$4\r\nEVAL\r\n$8\r\nreturn 1\r\n$1\r\n1\r\n$1\r\nk\r\n$1\r\na\r\n")
    }

    /// Slots as the servers compute them (CLUSTER KEYSLOT).
    @Test(arguments: [
        ("", 0), ("123456789", 12739), ("foo", 12182), ("{foo}", 12182), ("x{foo}y", 12182), ("{}foo", 9500), ("foo{", 7673), ("foo{}{bar}", 8363),
        ("{foo}{bar}", 12182),
    ]) func keysHaveSlots(_ key: String, _ slot: Int) {
        #expect(key.withView { RedisSlot.of($0) } == slot)
        guard !key.contains("{"), !key.isEmpty else { return }
        // What stands before the key belongs to it, unless a tag decides.
        let rest = String(key.dropFirst())
        #expect(rest.withView { RedisSlot.of($0, prefix: Array(key.utf8.prefix(1))) } == slot)
    }

    @Test(arguments: [
        ("MOVED 3999 127.0.0.1:6381", RedisErrorReply.moved(slot: 3999, host: "127.0.0.1", port: 6381)),
        ("MOVED 3999 :6381", .moved(slot: 3999, host: "", port: 6381)),
        ("MOVED 3999 fd00::1:6381", .moved(slot: 3999, host: "fd00::1", port: 6381)),
        ("ASK 1 redis-2.internal:6381", .ask(host: "redis-2.internal", port: 6381)), ("MOVED 16384 127.0.0.1:6381", .other),
        ("MOVED 3999", .other), ("MOVED 1 127.0.0.1:99999", .other), ("NOSCRIPT No matching script", .noScript),
        ("READONLY You can't write", .readOnly), ("LOADING Redis is loading", .notReady), ("CLUSTERDOWN Hash slot not served", .notReady),
        ("TRYAGAIN Multiple keys", .tryAgain), ("WRONGPASS invalid", .denied), ("NOPERM no", .denied), ("ERR other", .other), ("", .other),
    ]) func errorsMeanSomething(_ text: String, _ meaning: RedisErrorReply) {
        #expect(text.withView { RedisErrorReply($0) } == meaning)
    }

    /// Servers before Redis 6 repeat what HELLO was given.
    @Test func argumentsAreNotShown() {
        let text = "ERR unknown command `HELLO`, with args beginning with: `3`, `AUTH`, `user`, `tiny-otter`, "
        #expect(text.withView { RedisErrorReply.shown($0) } == "ERR unknown command `HELLO`")
    }
}
