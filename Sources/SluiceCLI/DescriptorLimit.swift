import Glibc

/// How many descriptors the process may have open: each connection needs one.
enum DescriptorLimit {
    /// Raises the soft limit to the hard one. A process that uses `select` could not bear that; this one does not.
    static func raise() {
        var limit = rlimit()
        let resource = __rlimit_resource_t(7)  // RLIMIT_NOFILE
        guard getrlimit(resource, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(resource, &limit)
    }
}
