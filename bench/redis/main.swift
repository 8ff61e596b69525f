// What a decision on a Redis server costs the gateway: CPU time of one event loop on which so many tasks ask, one decision after the other.
//
//     redis-bench redis://127.0.0.1:6379 [TASKS [SECONDS]]
import Glibc
import Primitives
import Reactor
import SharedState
import Synchronization
import Upstreams

let arguments = CommandLine.arguments
guard arguments.count > 1, let address = SocketAddress(parsing: String(arguments[1].drop { $0 != "/" }.drop { $0 == "/" })) else {
    print("usage: redis-bench redis://ADDRESS:PORT [TASKS [SECONDS]]")
    exit(2)
}
let tasks = arguments.count > 2 ? Int(arguments[2]) ?? 64 : 64
let seconds = arguments.count > 3 ? Int(arguments[3]) ?? 5 : 5

/// As small as a decision gets, so that the server is not what is measured.
let script = RedisScript("return {redis.call('INCR', KEYS[1]), tonumber(ARGV[1]), 0, 0, 0}")

let loop = EventLoop(index: 0, backend: try EpollBackend())
let thread = try LoopThread.start("loop-0") { loop.run() }
let client = RedisClient(loops: [loop], resolver: Resolver())
var settings = RedisClientSettings(.single(.address(address)))
settings.timeout = .seconds(1)
settings.keyPrefix = "bench:"
try client.apply(settings)

let answered = Atomic<Int>(0)
let failed = Atomic<Int>(0)
let isOver = Atomic<Bool>(false)

@Sendable func cpuTime() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// CPU time of the loop's thread.
func loopTime() -> UInt64 {
    let result = Mutex<UInt64>(0)
    let latch = Latch(1)
    loop.post {
        result.withLock { $0 = cpuTime() }
        latch.countDown()
    }
    latch.wait()
    return result.withLock { $0 }
}

for task in 0..<tasks {
    let key = Array("api.example.com/orders/consumer-\(task)".utf8)
    Task(executorPreference: loop) {
        while !isOver.load(ordering: .relaxed) {
            let result = await client.evaluate(script, key: ByteView(), arguments: 1, on: loop) { command in
                key.withView { command.append(key: $0) }
                command.append(100)
            } read: { reply -> Int? in
                var elements = reply.elements
                guard let count = elements.nextInteger(), elements.nextInteger() == 100, elements.nextInteger() != nil, elements.nextInteger() != nil
                else {
                    return nil
                }
                return count
            }
            switch result {
            case .success: answered.wrappingAdd(1, ordering: .relaxed)
            case .failure: failed.wrappingAdd(1, ordering: .relaxed)
            }
        }
    }
}

Instant.pass(500_000_000)
for _ in 0..<3 {
    let (began, used, before) = (Instant.now, loopTime(), answered.load(ordering: .relaxed))
    for _ in 0..<seconds { Instant.pass(999_999_999) }
    let count = answered.load(ordering: .relaxed) - before
    let cpu = loopTime() - used
    let rate = Double(count) / (Double(Instant.now - began) / 1e9)
    print(
        "\(tasks) tasks: \(Int(rate)) decisions/s, \(Double(Int(Double(cpu) / Double(max(1, count)) / 10)) / 100) microseconds of CPU each, \(failed.load(ordering: .relaxed)) failed"
    )
}
isOver.store(true, ordering: .relaxed)
let report = Mutex<RedisReport?>(nil)
let latch = Latch(1)
loop.post {
    report.withLock { $0 = client.report(on: loop) }
    latch.countDown()
}
latch.wait()
if let counters = report.withLock({ $0 })?.counters { print("commands in one write: \(counters.commands / max(1, counters.writes))") }
loop.stop()
thread.join()
