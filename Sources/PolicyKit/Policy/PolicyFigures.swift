/// A policy that counts something which operators want to see: in the metrics, and in the status of a running gateway.
package protocol ReportingPolicy: Policy {
    /// May be asked on any thread.
    var figures: [PolicyFigure] { get }
}

/// One number of a policy.
package struct PolicyFigure: Sendable, Equatable {
    package enum Kind: Sendable {
        /// Only grows.
        case counter
        case gauge
    }

    /// Lower-case words joined by `_`; `sluice_` comes before it in the metrics.
    package var name: String
    package var kind: Kind
    package var help: String
    package var value: UInt64

    package init(_ name: String, _ kind: Kind, _ value: UInt64, _ help: String) {
        self.name = name
        self.kind = kind
        self.value = value
        self.help = help
    }
}
