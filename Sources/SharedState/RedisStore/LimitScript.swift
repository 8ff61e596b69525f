/// The Lua programs that decide about limits of rate on a Redis server: one call a decision, atomic, the same decisions as in memory.
///
/// Time is the server's own (`TIME`), unless a test gives another: gateways whose clocks differ so agree to the microsecond about what is
/// past, and nobody gains by asking the one whose clock is fast. A server whose clock goes back (it was set, or another has taken over)
/// stands still for a key until it has caught up, for one period at most: after a longer step the key's counters are taken along.
///
/// Everything about a key is one string, `KEYS[1]`, so that any server of a Cluster can hold it: for each window its period in microseconds,
/// how many numbers follow, and these. Numbers are whole and below 2^53, which Lua's have exactly. The program runs on every server that has
/// `EVAL` and lets a program ask for the time before it writes: Redis from 5 on, Valkey, KeyDB.
enum LimitScript {
    /// `ARGV`: the mode, the cost, the time in microseconds since 1970 or nothing, and five numbers for each window: limit, period, burst, and
    /// `gcra`'s unit of the line, both divided by what they have in common: units come back at `rate / unit` a microsecond.
    ///
    /// Modes: `take` spends the cost or refuses it; `all` counts what is refused, too; `peek` only says; `settle` spends, or gives back,
    /// whatever the windows say; `report` says what is left in each.
    static func text(_ algorithm: RateAlgorithm) -> String {
        let rules =
            switch algorithm {
            case .gcra: gcra
            case .sliding: sliding
            case .fixed: fixed
            }
        return begin + rules + end
    }

    private static let begin = """
        local floor, ceil, max, min = math.floor, math.ceil, math.max, math.min
        local mode, cost, now = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
        if not now then
          local time = redis.call('TIME')
          now = time[1] * 1000000 + time[2]
        end
        local kept, numbers = {}, {}
        local load, check, take, charge, save

        """

    private static let end = """

        local text = redis.call('GET', KEYS[1])
        if text then
          for number in string.gmatch(text, '%d+') do numbers[#numbers + 1] = tonumber(number) end
          local at = 1
          while at < #numbers do
            kept[numbers[at]] = at + 1
            at = at + 2 + numbers[at + 1]
          end
        end

        local windows = {}
        for at = 4, #ARGV, 5 do
          local window = {
            limit = tonumber(ARGV[at]), period = tonumber(ARGV[at + 1]), burst = tonumber(ARGV[at + 2]),
            rate = tonumber(ARGV[at + 3]), unit = tonumber(ARGV[at + 4]), late = 0,
          }
          local place = kept[window.period]
          load(window, place and numbers[place] or 0, place)
          windows[#windows + 1] = window
        end

        local function store()
          local out, longest = {}, 0
          for _, window in ipairs(windows) do
            local _, _, _, _, drained = check(window, 0)
            longest = max(longest, drained)
            local values = save(window)
            out[#out + 1] = string.format('%.0f %d', window.period, #values)
            for _, value in ipairs(values) do out[#out + 1] = string.format('%.0f', value) end
          end
          if longest == 0 then
            redis.call('DEL', KEYS[1])
          else
            -- A second longer than it counts: the clock of a server that takes over may be ahead.
            redis.call('SET', KEYS[1], table.concat(out, ' '), 'PX', string.format('%.0f', min(ceil(longest / 1000), 1e14) + 1000))
          end
        end

        if mode == 'settle' then
          for _, window in ipairs(windows) do charge(window, cost, false) end
          store()
          return { 1 }
        end

        if mode == 'report' then
          local all = {}
          for _, window in ipairs(windows) do
            local _, remaining, reset = check(window, 0)
            all[#all + 1] = remaining
            all[#all + 1] = min(reset, 4503599627370496)
          end
          return all
        end

        local allowed, place, least, latest, again, refusing, bit = 1, 0, math.huge, 0, 0, 0, 1
        for i, window in ipairs(windows) do
          local passes, remaining, reset, retry = check(window, cost)
          local constrains
          if passes then
            constrains = allowed == 1 and (remaining < least or remaining == least and reset > latest)
          else
            constrains = allowed == 1 or retry > again
            allowed, refusing = 0, refusing + bit
          end
          bit = bit * 2
          if constrains then place, least, latest, again = i - 1, remaining, reset, retry end
        end
        if cost > 0 and mode ~= 'peek' then
          if allowed == 1 then
            for _, window in ipairs(windows) do take(window, cost) end
            store()
          elseif mode == 'all' then
            for _, window in ipairs(windows) do charge(window, cost, true) end
            store()
          end
        end
        local most = 4503599627370496
        return { allowed, place, least, min(latest, most), again == math.huge and -1 or min(again, most), refusing }
        """
}
