package import Schema

/// Why a policy can't be made from its settings.
package struct PolicyError: Error {
    package struct Flaw: Sendable {
        /// `.none`: the place of the policy's entry.
        package var position: SourcePosition
        /// Below the policy's settings: `request.set.x-a`; empty for the policy itself.
        package var path: String
        package var message: String
        package var remedy: String?
    }

    package var flaws: [Flaw]

    package init(_ message: String, at position: SourcePosition = .none, path: String = "", remedy: String? = nil) {
        flaws = [Flaw(message, at: position, path: path, remedy: remedy)]
    }

    package init(_ flaws: [Flaw]) { self.flaws = flaws }
}

extension PolicyError.Flaw {
    package init(_ message: String, at position: SourcePosition = .none, path: String = "", remedy: String? = nil) {
        self.init(position: position, path: path, message: message, remedy: remedy)
    }
}
