private import Glibc
private import Reactor

/// What the kernel knows of this process, read from /proc. Not for event loops: it opens files.
package struct ProcessMetrics: Sendable {
    /// User and system time, seconds.
    package var cpuSeconds = 0.0
    package var residentBytes: UInt64 = 0
    package var virtualBytes: UInt64 = 0
    package var openDescriptors: UInt64 = 0
    package var maximumDescriptors: UInt64 = 0
    package var threads: UInt64 = 0
    /// Seconds since 1970.
    package var startTime = 0.0

    init() {}

    /// Nil when /proc can't be read.
    package static func read() -> ProcessMetrics? {
        guard let stat = SmallFile.read("/proc/self/stat"), let system = SmallFile.read("/proc/stat") else { return nil }
        var metrics = ProcessMetrics(
            stat: stat, systemStat: system, ticks: Double(sysconf(Int32(_SC_CLK_TCK))), page: UInt64(sysconf(Int32(_SC_PAGESIZE))))
        metrics?.openDescriptors = countDescriptors()
        var limit = rlimit()
        if unsafe getrlimit(__rlimit_resource_t(7), &limit) == 0 { metrics?.maximumDescriptors = UInt64(limit.rlim_cur) }
        return metrics
    }

    /// Fields of proc_pid_stat(5) and the `btime` of proc_stat(5). `ticks` a second, `page` bytes.
    init?(stat: String, systemStat: String, ticks: Double, page: UInt64) {
        // The command's name is in parentheses and may hold anything: fields are counted from the last ")".
        guard let end = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[stat.index(after: end)...].split(whereSeparator: \.isWhitespace)
        guard fields.count > 21, ticks > 0 else { return nil }
        func number(_ field: Int) -> UInt64 { UInt64(fields[field - 3]) ?? 0 }
        let boot = systemStat.split(separator: "\n").first { $0.hasPrefix("btime ") }.flatMap { UInt64($0.dropFirst(6)) } ?? 0
        cpuSeconds = Double(number(14) + number(15)) / ticks
        threads = number(20)
        startTime = Double(boot) + Double(number(22)) / ticks
        virtualBytes = number(23)
        residentBytes = number(24) * page
    }

    /// Adds the families that every Prometheus client library has.
    package func write(to text: inout MetricsText) {
        text.family("process_cpu_seconds", .counter, "User and system CPU time, seconds.")
        text.sample([], cpuSeconds)
        text.family("process_resident_memory_bytes", .gauge, "Resident memory.")
        text.sample([], residentBytes)
        text.family("process_virtual_memory_bytes", .gauge, "Virtual memory.")
        text.sample([], virtualBytes)
        text.family("process_open_fds", .gauge, "Open file descriptors.")
        text.sample([], openDescriptors)
        text.family("process_max_fds", .gauge, "File descriptors that may be open.")
        text.sample([], maximumDescriptors)
        text.family("process_threads", .gauge, "Threads.")
        text.sample([], threads)
        text.family("process_start_time_seconds", .gauge, "When the process began, seconds since 1970.")
        text.sample([], startTime)
    }

    private static func countDescriptors() -> UInt64 {
        guard let folder = unsafe opendir("/proc/self/fd") else { return 0 }
        defer { unsafe closedir(folder) }
        var count: UInt64 = 0
        while unsafe readdir(folder) != nil { count += 1 }
        // ".", ".." and the descriptor that reads the folder.
        return count > 3 ? count - 3 : 0
    }
}
