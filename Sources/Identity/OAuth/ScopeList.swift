/// Scopes (RFC 6749 §3.3) in the order in which they were named, each once.
package struct ScopeList: Sendable, Equatable {
    package private(set) var names: [String] = []

    package init() {}

    package init(_ names: [String]) {
        for name in names where !self.names.contains(name) { self.names.append(name) }
    }

    /// Names with single spaces between them. Nil: a character that no scope may hold.
    package init?(parsing text: String) {
        guard text.utf8.allSatisfy({ $0 == 0x20 || ScopeList.isScopeByte($0) }) else { return nil }
        self.init(text.split(separator: " ").map(String.init))
    }

    package static func isName(_ text: String) -> Bool { !text.isEmpty && text.utf8.allSatisfy(isScopeByte) }

    private static func isScopeByte(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7f && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    package var text: String { names.joined(separator: " ") }
    package var isEmpty: Bool { names.isEmpty }
    package func contains(_ name: String) -> Bool { names.contains(name) }
    package func isSubset(of other: ScopeList) -> Bool { names.allSatisfy(other.contains) }
    package func union(_ other: ScopeList) -> ScopeList { ScopeList(names + other.names) }
    package func intersection(_ other: ScopeList) -> ScopeList { ScopeList(names.filter(other.contains)) }
    package func without(_ name: String) -> ScopeList { ScopeList(names.filter { $0 != name }) }
}
