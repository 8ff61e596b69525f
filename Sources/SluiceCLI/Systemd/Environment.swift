import Glibc

/// The variables of this process.
package enum Environment {
    @Sendable package static func value(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    /// So that programs started by this one don't take them for theirs. Before other threads are started.
    package static func remove(_ names: String...) {
        for name in names { unsetenv(name) }
    }
}
