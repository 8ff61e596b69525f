/// Why a store could not decide.
package struct StoreError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Kind: String, Sendable {
        /// Not connected, or given up on for now.
        case unavailable
        case timeout
        /// The server has answered with an error.
        case refused
        /// The server has answered with what nobody understands.
        case malformed
    }

    package var kind: Kind
    /// For operators; no client gets it.
    package var detail: String

    package init(_ kind: Kind, _ detail: String) {
        self.kind = kind
        self.detail = detail
    }

    package var description: String { "\(kind.rawValue): \(detail)" }
}
