/// Status codes: `200` or `200-399`.
package struct StatusRange: Hashable, Sendable, ParsedText {
    package var codes: ClosedRange<Int>

    package init(_ codes: ClosedRange<Int>) { self.codes = codes }

    package init?(parsing text: String) {
        let parts = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map { Int($0) }
        guard let first = parts.first ?? nil, let last = parts.last ?? nil, first >= 100, last <= 599, first <= last else { return nil }
        codes = first...last
    }

    package func contains(_ code: Int) -> Bool { codes.contains(code) }

    package static var expectation: String { "a status code or range such as 200 or 200-399" }
    package static var shape: SettingShape {
        .either([.integer, .text(name: "status range", pattern: #"^[1-5]\d\d(-[1-5]\d\d)?$"#, examples: ["200-399"])])
    }
    package var text: String { codes.count == 1 ? "\(codes.lowerBound)" : "\(codes.lowerBound)-\(codes.upperBound)" }
}
