// What looking credentials up costs, and what keeping them costs.
//
//     identity-bench [KEYS]
import Discovery
import GatewayCore
import Glibc
import Identity
import Model
import PolicyKit
import Primitives
import Reactor
import Schema
import Storage

/// Bytes of the process in memory.
func residentBytes() -> Int {
    let fields = (TextFile.read("/proc/self/statm") ?? "").split(separator: " ")
    return fields.count > 1 ? (Int(fields[1]) ?? 0) * 4096 : 0
}

func measure<Result>(_ what: String, _ body: () throws -> Result) rethrows -> Result {
    let before = residentBytes(), began = Instant.now
    let result = try body()
    let milliseconds = Double(Instant.now - began) / 1e6
    print("\(what): \(Int(milliseconds)) ms, \((residentBytes() - before) >> 20) MiB")
    return result
}

/// Nanoseconds that one call takes, the best of five rounds.
func nanoseconds(_ calls: Int, _ body: (Int) -> Bool) -> Int {
    var best = Int.max
    for _ in 0..<5 {
        let began = Instant.now
        var found = 0
        for i in 0..<calls where body(i) { found += 1 }
        guard found == calls else { return -1 }
        best = min(best, Int(Instant.now - began) / calls)
    }
    return best
}

func key(_ i: Int) -> String { "key-of-a-consumer-\(i)" }

let count = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 100_000
let keys = try IdentityKeyMaker()

// MARK: A file

let folder = "/tmp/identity-bench.\(getpid())"
mkdir(folder, 0o700)
defer {
    for name in ["sluice.yaml", "few.db", "few.db-wal", "few.db-shm", "many.db", "many.db-wal", "many.db-shm"] { unlink("\(folder)/\(name)") }
    rmdir(folder)
}
var yaml = "listeners: [{ name: web, address: 127.0.0.1:8080 }]\nconsumers:\n"
for i in 0..<count {
    guard let digest = key(i).withView({ keys.apiKey($0) }) else { continue }
    let hash = digest.bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    yaml += "  - { name: consumer\(i), groups: [partners], credentials: [{ apiKeyHash: sha256:\(hash), name: slk_\(i) }] }\n"
}
if let file = fopen("\(folder)/sluice.yaml", "w") {
    fputs(yaml, file)
    fclose(file)
}
yaml = ""
let loaded = measure("\(count) keys, read and checked") { FileSource(path: "\(folder)/sluice.yaml").load() }
guard let configuration = loaded.configuration else {
    print(loaded.diagnostics.text)
    exit(1)
}
let file = measure("\(count) keys, made into a store") { ConsumerCompiler.compile(configuration.consumers).store }
print("bytes a key, but for its consumer: \(file.bytes / count)")

// MARK: Memory

for size in [10, 1000, 100_000, 1_000_000] {
    let store = measure("\(size) keys in memory") {
        var builder = MemoryIdentityStore.Builder(consumers: size, credentials: size)
        for i in 0..<size {
            let owner = builder.add(Consumer(name: "consumer\(i)"))
            if let key = key(i).withView({ keys.apiKey($0) }) { _ = builder.add(key, owner: owner) }
        }
        return builder.finish()
    }
    // As requests bring them: any key, in no order.
    let asked = (0..<1_000_000).map { Array(key($0 &* 7_919 % size).utf8) }
    let digests = asked.compactMap { $0.withView { keys.apiKey($0) } }
    let hashing = nanoseconds(asked.count) { i in asked[i].withView { keys.apiKey($0) } != nil }
    let finding = nanoseconds(digests.count) { store.find(digests[$0]) != nil }
    print("  a look-up among \(size): \(hashing) ns for the hash, \(finding) ns for the rest")
}

var cache = CredentialCache<Principal>(capacity: 8192, accepted: .seconds(3600))
let principal = Principal(method: "api-key", subject: "slk_1", consumer: Consumer(name: "c"))
let known = (0..<1000).compactMap { key($0).withView { keys.apiKey($0)?.digest } }
for key in known { cache.remember(.accepted(principal), for: key, now: .now) }
let now = Instant.now
let remembered = nanoseconds(1_000_000) { i in
    if case .accepted = cache.verdict(of: known[i % 1000], now: now) { true } else { false }
}
print("a key that is remembered: \(remembered) ns, beside the hash")

// MARK: A database

for (name, size) in [("few", 10), ("many", 1_000_000)] {
    let path = "\(folder)/\(name).db"
    let tables = try IdentityTables(try SQLiteDatabase(path: path))
    try measure("\(size) keys into a database") {
        let consumer = Consumer(name: "c")
        try tables.put(ConsumerRecord(consumer))
        for start in stride(from: 0, to: size, by: 50_000) {
            let records = (start..<min(start + 50_000, size)).compactMap { i in
                key(i).withView { keys.apiKey($0) }.map { CredentialRecord(key: $0, consumer: consumer) }
            }
            try tables.add(records, created: 0)
        }
    }
    let store = try measure("  opened") { try SQLiteIdentityStore(path: path) }
    let digests = (0..<20_000).compactMap { key($0 &* 7_919 % size).withView { keys.apiKey($0) } }
    let direct = nanoseconds(digests.count) { (try? tables.find(digests[$0])) != nil }
    let began = Instant.now
    for digest in digests { _ = try await store.find(digest) }
    print("  a look-up among \(size): \(direct) ns, \(Int(Instant.now - began) / digests.count) ns with the thread and back")
}
