import Testing

@testable import Schema

@Suite struct SuggestionTests {
    @Test(arguments: [
        ("listenrs", "listeners"), ("adress", "address"), ("Limit", "limit"), ("lmiit", "limit"), ("header_bytes", "headerBytes"),
    ])
    func near(_ word: String, _ expected: String) {
        #expect(Suggestion.nearest(to: word, among: ["listeners", "address", "limit", "headerBytes"]) == expected)
    }

    @Test(arguments: ["x", "zebra", ""]) func far(_ word: String) {
        #expect(Suggestion.nearest(to: word, among: ["listeners", "address", "limit"]) == nil)
    }
}
