import Glibc

extension ConfigurationFile {
    /// Whether this process may read it now.
    var isReadable: Bool { access(path, R_OK) == 0 }

    /// Whether this process may run it now.
    var isExecutable: Bool { access(path, X_OK) == 0 }
}
