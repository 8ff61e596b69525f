import Primitives
package import Reactor

extension RedisStore {
    private static let value: StaticString = "value:"

    private static let removeEqual = RedisScript(
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end return redis.call('DEL', KEYS[1])")
    private static let extendEqual = RedisScript(
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end return redis.call('PEXPIRE', KEYS[1], ARGV[2])")

    package func value(of key: [UInt8], on loop: EventLoop) async -> Result<[UInt8]?, StoreError> {
        await ask(name(RedisStore.value, key), isRepeatable: true, on: loop) { command, name in
            command.begin("GET", arguments: 1)
            command.append(key: name)
        } read: { reply in
            reply.isNull ? .some(nil) : reply.text.map { .some($0.array) }
        }
    }

    package func set(
        _ key: [UInt8], to value: [UInt8], lifetime: Nanoseconds, _ condition: SetCondition, on loop: EventLoop
    ) async -> Result<Bool, StoreError> {
        await ask(name(RedisStore.value, key), isRepeatable: condition == .always, on: loop) { command, name in
            command.begin("SET", arguments: condition == .ifAbsent ? 5 : 4)
            command.append(key: name)
            command.append(value)
            command.append("PX")
            command.append(max(1, lifetime.milliseconds))
            if condition == .ifAbsent { command.append("NX") }
        } read: { reply in
            !reply.isNull
        }
    }

    package func remove(_ key: [UInt8], ifEqual expected: [UInt8]?, on loop: EventLoop) async -> Result<Bool, StoreError> {
        let name = name(RedisStore.value, key)
        guard let expected else {
            return await ask(name, on: loop) { command, name in
                command.begin("DEL", arguments: 1)
                command.append(key: name)
            } read: { reply in
                reply.integer.map { $0 > 0 }
            }
        }
        return await run(RedisStore.removeEqual, [name], arguments: 1, on: loop) {
            $0.append(expected)
        } read: {
            $0.integer.map { $0 > 0 }
        }
    }

    package func extend(
        _ key: [UInt8], ifEqual expected: [UInt8], lifetime: Nanoseconds, on loop: EventLoop
    ) async -> Result<Bool, StoreError> {
        await run(RedisStore.extendEqual, [name(RedisStore.value, key)], arguments: 2, isRepeatable: true, on: loop) { command in
            command.append(expected)
            command.append(max(1, lifetime.milliseconds))
        } read: {
            $0.integer.map { $0 > 0 }
        }
    }
}
