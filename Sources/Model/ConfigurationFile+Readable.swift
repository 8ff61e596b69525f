import Glibc

extension ConfigurationFile {
    /// Whether this process may read it now.
    var isReadable: Bool { access(path, R_OK) == 0 }
}
