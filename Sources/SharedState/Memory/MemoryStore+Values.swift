package import Reactor

extension MemoryStore {
    package func value(of key: [UInt8], on loop: EventLoop) async -> Result<[UInt8]?, StoreError> {
        let now = loop.now.nanoseconds
        return .success(values.with(key) { $0.value(key, now: now)?.value })
    }

    package func set(
        _ key: [UInt8], to value: [UInt8], lifetime: Nanoseconds, _ condition: SetCondition, on loop: EventLoop
    ) async -> Result<Bool, StoreError> {
        let now = loop.now
        return .success(
            values.with(key) { table in
                if condition == .ifAbsent, table.value(key, now: now.nanoseconds) != nil { return false }
                table.set(key, value, ends: (now + lifetime).nanoseconds, now: now.nanoseconds)
                return true
            })
    }

    package func remove(_ key: [UInt8], ifEqual expected: [UInt8]?, on loop: EventLoop) async -> Result<Bool, StoreError> {
        let now = loop.now.nanoseconds
        return .success(
            values.with(key) { table in
                guard let value = table.value(key, now: now)?.value, expected == nil || expected == value else { return false }
                table.remove(key)
                return true
            })
    }

    package func extend(
        _ key: [UInt8], ifEqual expected: [UInt8], lifetime: Nanoseconds, on loop: EventLoop
    ) async -> Result<Bool, StoreError> {
        let now = loop.now
        return .success(
            values.with(key) { table in
                guard table.value(key, now: now.nanoseconds)?.value == expected else { return false }
                table.set(key, expected, ends: (now + lifetime).nanoseconds, now: now.nanoseconds)
                return true
            })
    }
}
