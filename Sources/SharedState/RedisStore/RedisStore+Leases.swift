import Primitives
package import Reactor

/// Leases are a sorted set for each key: the holders, by the moment at which each loses its share, in milliseconds of the server's clock.
extension RedisStore {
    private static let lease: StaticString = "lease:"

    private static let clock = """
        local now = tonumber(ARGV[1])
        if now then
          now = math.floor(now / 1000)
        else
          local time = redis.call('TIME')
          now = time[1] * 1000 + math.floor(time[2] / 1000)
        end
        local function keep(life)
          if redis.call('PTTL', KEYS[1]) < life then redis.call('PEXPIRE', KEYS[1], life) end
        end

        """

    /// `ARGV`: time, holder, limit, lifetime.
    private static let enter = RedisScript(
        clock + """
            local holder, limit, life = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
            redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
            local held = redis.call('ZCARD', KEYS[1])
            local isKnown = redis.call('ZSCORE', KEYS[1], holder)
            if not isKnown and held >= limit then return { 0, held } end
            redis.call('ZADD', KEYS[1], now + life, holder)
            keep(life + 1000)
            return { 1, isKnown and held or held + 1 }
            """)

    /// `ARGV`: time, lifetime, holders.
    private static let renew = RedisScript(
        clock + """
            local life = tonumber(ARGV[2])
            for i = 3, #ARGV do
              local ends = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[i]) or 0)
              if ends > now then redis.call('ZADD', KEYS[1], now + life, ARGV[i]) end
            end
            keep(life + 1000)
            return 1
            """)

    package func enterNow(_ request: LeaseRequest, now: Instant) -> LeaseOutcome? { nil }

    package func enter(_ request: LeaseRequest, on loop: EventLoop) async -> Result<LeaseOutcome, StoreError> {
        await run(RedisStore.enter, [name(RedisStore.lease, request.key)], arguments: 4, on: loop) { command in
            appendTime(to: &command)
            command.append(request.holder.text)
            command.append(request.limit)
            command.append(request.lifetime.milliseconds)
        } read: { reply in
            var elements = reply.elements
            guard let isHeld = elements.nextInteger(), let held = elements.nextInteger() else { return nil }
            return LeaseOutcome(isHeld: isHeld == 1, held: held)
        }
    }

    package func leave(_ key: [UInt8], _ holder: LeaseHolder, on loop: EventLoop) {
        name(RedisStore.lease, key).withView { name in
            // Twice does no harm: a share that was lost with a connection is not held until it ends.
            client.send(key: name, isRepeatable: true, on: loop) { command in
                command.begin("ZREM", arguments: 2)
                command.append(key: name)
                command.append(holder.text)
            }
        }
    }

    package func renew(_ key: [UInt8], _ holders: [LeaseHolder], lifetime: Nanoseconds, on loop: EventLoop) {
        guard !holders.isEmpty else { return }
        call(RedisStore.renew, [name(RedisStore.lease, key)], arguments: 2 + holders.count, isRepeatable: true, on: loop) { command in
            appendTime(to: &command)
            command.append(lifetime.milliseconds)
            for holder in holders { command.append(holder.text) }
        }
    }
}

extension LeaseHolder {
    var text: String { "\(String(gateway, radix: 16))-\(String(number, radix: 16))" }
}
