/// The Lua program of counters that end at a moment. Kept under each key: the total, and its end in milliseconds since 1970.
enum CounterScript {
    /// `ARGV`: 1 to spend whatever the limits say, the time in microseconds since 1970 or nothing, and for each key an amount, a limit and an
    /// end. Answers whether all was spent, and the total and the end of each.
    ///
    /// Whether a counter has ended is for the server's clock to say. A gateway whose clock is behind may still count in a period that is over
    /// for the server: its demands go on with the old counter, which is kept for a minute longer, and never begin it anew.
    static let spend = RedisScript(
        """
        local now = tonumber(ARGV[2])
        if now then
          now = math.floor(now / 1000)
        else
          local time = redis.call('TIME')
          now = time[1] * 1000 + math.floor(time[2] / 1000)
        end
        local totals, ends, fits = {}, {}, true
        for i, key in ipairs(KEYS) do
          local amount, limit, last = tonumber(ARGV[i * 3]), tonumber(ARGV[i * 3 + 1]), tonumber(ARGV[i * 3 + 2])
          local total = 0
          local kept, finish = string.match(redis.call('GET', key) or '', '^(%d+) (%d+)$')
          if kept and (tonumber(finish) > now or last <= now) then total, last = tonumber(kept), tonumber(finish) end
          totals[key], ends[key] = total, last
          if total + amount > limit then fits = false end
        end
        local spends = fits or ARGV[1] == '1'
        local reply = { spends and 1 or 0 }
        for i, key in ipairs(KEYS) do
          if spends then
            totals[key] = math.min(math.max(0, totals[key] + tonumber(ARGV[i * 3])), 9007199254740991)
            local life = math.max(ends[key] - now, 0) + 60000
            redis.call('SET', key, string.format('%.0f %.0f', totals[key], ends[key]), 'PX', string.format('%.0f', life))
          end
          reply[#reply + 1] = totals[key]
          reply[#reply + 1] = ends[key]
        end
        return reply
        """)

    /// The total and the end of a counter, as it is kept.
    static func read(_ text: String) -> (total: Int, ends: Int)? {
        let parts = text.split(separator: " ")
        guard parts.count == 2, let total = Int(parts[0]), let ends = Int(parts[1]) else { return nil }
        return (total, ends)
    }
}
