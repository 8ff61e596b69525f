/// The algorithms, each as five functions over one window. `check` answers whether a cost passes, what remains, and how long it takes until
/// there is more, until the cost would pass, and until nothing counts any more.
extension LimitScript {
    /// As `GCRA`: a line of `burst` units that empties steadily. Kept: when it was looked at; whole units in it and parts of one more; how many
    /// parts a unit had, since that changes with the limit.
    static let gcra = """
        -- a * b / c, whole and rest, where the product may be beyond what a number has exactly: b below 2^32, c below 2^45.
        local function divide(a, b, c)
          local product = a * b
          if product < 9007199254740992 then
            local whole = floor(product / c)
            return whole, product - whole * c
          end
          local whole = floor(a / c)
          local first, rest = whole * b, 0
          a, whole = a - whole * c, 0
          for place = 4, 0, -1 do
            product = rest * 128 + a * (floor(b / 128 ^ place) % 128)
            local part = floor(product / c)
            whole, rest = whole * 128 + part, product - part * c
          end
          return first + whole, rest
        end

        -- Microseconds until so much has emptied.
        local function wait(window, units, parts)
          if units < 0 or units == 0 and parts <= 0 then return 0 end
          local whole, rest = divide(window.unit, units, window.rate)
          return whole + ceil((rest + parts) / window.rate) + window.late
        end

        function load(window, count, at)
          window.units, window.parts, window.stamp = 0, 0, now
          if not at then return end
          local stamp, units, parts, unit = numbers[at + 1], numbers[at + 2], numbers[at + 3], numbers[at + 4]
          if unit ~= window.unit then parts = min(ceil(parts / unit * window.unit), window.unit - 1) end
          if now < stamp then
            if stamp - now <= window.period then window.stamp, window.late = stamp, stamp - now end
          elseif (now - stamp) * window.rate > (units + 2) * window.unit then
            units, parts = 0, 0
          else
            local whole, rest = divide(now - stamp, window.rate, window.unit)
            units, parts = units - whole, parts - rest
            if parts < 0 then units, parts = units - 1, parts + window.unit end
            if units < 0 then units, parts = 0, 0 end
          end
          window.units, window.parts = units, parts
        end

        function check(window, cost)
          local units, parts, burst = window.units, window.parts, window.burst
          local charged = units + cost
          local allowed = cost == 0 or charged < burst or charged == burst and parts == 0
          local level = allowed and charged or units
          local remaining = max(0, burst - level - (parts > 0 and 1 or 0))
          local retry = 0
          if not allowed then retry = cost > burst and math.huge or wait(window, charged - burst, parts) end
          local reset = 0
          if level > 0 or parts > 0 then reset = wait(window, level + remaining + 1 - burst, parts) end
          return allowed, remaining, reset, retry, wait(window, level, parts)
        end

        function take(window, cost) window.units = window.units + cost end

        function charge(window, cost, fills)
          local units, burst = window.units + cost, window.burst
          if units < 0 then
            window.units, window.parts = 0, 0
          elseif fills and units >= burst then
            if window.units < burst then window.units, window.parts = burst, 0 end
          else
            window.units = max(window.units, min(units, 4294967295))
            if cost < 0 then window.units = units end
          end
        end

        function save(window) return { window.stamp, window.units, window.parts, window.unit } end
        """

    /// As `SlidingWindow`: a log of what was spent in the last period, in at most 32 groups. Kept: when the last group began; when each group
    /// last grew, and its units, from the oldest on.
    static let sliding = """
        local function wait(window, time) return window.period - min(window.period, window.now - time) + window.late end

        function load(window, count, at)
          local times, units, sum = {}, {}, 0
          window.now, window.began = now, 0
          if at and count > 1 then
            local last, shift = numbers[at + count - 1], 0
            if now < last then
              if last - now <= window.period then window.now, window.late = last, last - now else shift = last - now end
            end
            window.began = numbers[at + 1] - shift
            for place = at + 2, at + count, 2 do
              local time = numbers[place] - shift
              if window.now - time < window.period then
                times[#times + 1], units[#units + 1] = time, numbers[place + 1]
                sum = sum + numbers[place + 1]
              end
            end
          end
          window.times, window.units, window.sum = times, units, sum
          window.groups = min(window.limit, 32)
          window.granule = window.limit <= 32 and 0 or floor(window.period / 31) + 1
        end

        local function joins(window)
          local count = #window.times
          if count == 0 then return false end
          return window.times[count] == window.now or window.now - window.began < window.granule or count >= window.groups
        end

        -- When the unit was spent that has to come back for so many to be free.
        local function timeOf(window, units)
          local seen = 0
          for group, time in ipairs(window.times) do
            seen = seen + window.units[group]
            if seen >= units then return time end
          end
          return window.times[#window.times] or window.now
        end

        function check(window, cost)
          local times, period, limit = window.times, window.period, window.limit
          local count = #times
          local free = max(0, limit - window.sum)
          local allowed = cost <= free
          if cost == 0 or not allowed then
            local retry = 0
            if not allowed then retry = cost > limit and math.huge or wait(window, timeOf(window, cost + window.sum - limit)) end
            local reset = count == 0 and 0 or wait(window, times[1])
            return allowed, free, reset, retry, count == 0 and 0 or wait(window, times[count])
          end
          local oldest = (count == 0 or count == 1 and joins(window)) and window.now or times[1]
          return true, free - cost, wait(window, oldest), 0, period + window.late
        end

        function take(window, cost)
          local count = #window.times
          if joins(window) then
            window.times[count], window.units[count] = window.now, window.units[count] + cost
          else
            window.times[count + 1], window.units[count + 1] = window.now, cost
            window.began = window.now
          end
          window.sum = window.sum + cost
        end

        function charge(window, cost)
          if window.groups == 0 then return end
          if cost >= 0 then
            cost = min(cost, 4294967295 - window.sum)
            if cost > 0 then take(window, cost) end
            return
          end
          local left = -cost
          while left > 0 and #window.times > 0 do
            local count = #window.times
            local taken = min(window.units[count], left)
            window.units[count] = window.units[count] - taken
            window.sum, left = window.sum - taken, left - taken
            if window.units[count] == 0 then window.times[count], window.units[count] = nil, nil end
          end
        end

        function save(window)
          local out = { window.began }
          for group, time in ipairs(window.times) do
            out[#out + 1] = time
            out[#out + 1] = window.units[group]
          end
          return out
        end
        """

    /// As `FixedWindow`. Kept: the number of the window since 1970, and what was spent in it.
    static let fixed = """
        function load(window, count, at)
          local number = floor(now / window.period)
          window.number, window.used = number, 0
          if not at or number > numbers[at + 1] then return end
          window.used = numbers[at + 2]
          -- A clock that was set back a little still counts in the newer window, one that was set back further takes the count along.
          if numbers[at + 1] - number <= 1 then window.number = numbers[at + 1] end
        end

        function check(window, cost)
          local limit = window.limit
          local free = max(0, limit - window.used)
          local allowed = cost <= free
          local remaining = allowed and free - cost or free
          local left = (window.number + 1) * window.period - now
          local spent = remaining < limit and left or 0
          return allowed, remaining, spent, allowed and 0 or cost > limit and math.huge or left, spent
        end

        function take(window, cost) window.used = window.used + cost end

        function charge(window, cost) window.used = max(0, min(window.used + cost, 4503599627370496)) end

        function save(window) return { window.number, window.used } end
        """
}
