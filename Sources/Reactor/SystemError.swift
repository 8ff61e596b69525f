private import Glibc

/// A system call that failed, for messages and for decisions.
package struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
    package let code: Int32
    package let operation: String

    package init(_ operation: String, code: Int32 = errno) {
        self.operation = operation
        self.code = code
    }

    /// What can be done about it.
    package enum Meaning: Sendable { case addressInUse, permissionDenied, addressNotAvailable, other }

    package var meaning: Meaning {
        switch code {
        case EADDRINUSE: .addressInUse
        case EACCES, EPERM: .permissionDenied
        case EADDRNOTAVAIL: .addressNotAvailable
        default: .other
        }
    }

    package var description: String { "\(operation): \(unsafe String(cString: strerror(code)))" }
}
