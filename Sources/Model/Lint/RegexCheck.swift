import Expressions

/// What a regular expression offers to templates, or what is wrong with it.
package typealias RegexCheck = @Sendable (_ pattern: String) -> Result<RegexFacts, RegexFlaw>

package struct RegexFacts: Sendable, Equatable {
    /// `$1` to `$groups` exist.
    package var groups: Int
    /// Names of the groups that have one.
    package var names: [String]

    package init(groups: Int, names: [String]) {
        self.groups = groups
        self.names = names
    }
}

package struct RegexFlaw: Error, Equatable {
    package var message: String
    package init(message: String) { self.message = message }
}

/// Asks the engine that will match.
package let checkLinearRegex: RegexCheck = { pattern in
    do {
        // Group 0 is the whole match.
        let regex = try LinearRegex(pattern)
        return .success(RegexFacts(groups: regex.captureCount - 1, names: regex.captureNames.compactMap(\.self)))
    } catch {
        return .failure(RegexFlaw(message: "\(error)"))
    }
}
