import Model
import Schema
import Testing

@Suite struct RedisURLTests {
    private func text(_ url: String) -> String? {
        guard let parsed = RedisURL(parsing: url) else { return nil }
        return [
            parsed.isSecure ? "tls" : "plain", parsed.address.text, parsed.username ?? "-", parsed.password?.text ?? "-",
            parsed.database.map { "\($0)" } ?? "-",
        ].joined(separator: " ")
    }

    @Test(arguments: [
        ("redis://127.0.0.1:6380", "plain 127.0.0.1:6380 - - -"), ("redis://Redis.internal", "plain redis.internal:6379 - - -"),
        ("redis://redis.internal/", "plain redis.internal:6379 - - -"), ("rediss://[fd00::1]:7000/3", "tls [fd00::1]:7000 - - 3"),
        ("redis://[fd00::1]", "plain [fd00::1]:6379 - - -"), ("redis://:tiny-otter@a/0", "plain a:6379 - tiny-otter 0"),
        ("redis://gateway:tiny%40otter%3A%2f@a", "plain a:6379 gateway tiny@otter:/ -"), ("redis://gateway@a", "plain a:6379 gateway - -"),
        ("redis://gateway:tiny@otter@a", "plain a:6379 gateway tiny@otter -"), ("unix:/run/redis.sock", "plain unix:/run/redis.sock - - -"),
        ("unix:///run/redis.sock", "plain unix:/run/redis.sock - - -"),
    ]) func urlsSayWhere(_ url: String, _ expected: String) { #expect(text(url) == expected) }

    @Test(arguments: [
        "", "redis:", "redis://", "redis:///0", "redis://a:0", "redis://a:x", "redis://a:65536", "redis://a/x", "redis://a/-1",
        "redis://a/0?x=1", "redis://%zz@a", "redis://u:%f@a", "redis://u:%ff@a", "redis://unix:/x", "http://a", "unix:", "unix:relative",
        "redis://fd00::1", "127.0.0.1:6379",
    ]) func othersAreNone(_ url: String) { #expect(RedisURL(parsing: url) == nil) }

    @Test func passwordsAreNotWritten() throws {
        let url = try #require(RedisURL(parsing: "rediss://gateway:tiny-otter@a/7"))
        #expect(url.encoded.text() == "\"rediss://gateway:***@a:6379/7\"")
        #expect(!"\(url)".contains("tiny-otter"))
    }
}
