import Testing

@testable import Identity

@Suite struct FormFieldsTests {
    @Test(
        arguments: [
            ("", "a", nil), ("a=1", "a", "1"), ("a=1&b=2", "b", "2"), ("a", "a", nil), ("a=", "a", nil), ("&&a=1&", "a", "1"), ("a=b=c", "a", "b=c"),
            ("a=x+y%20z", "a", "x y z"), ("%61=%C3%A9", "a", "é"), ("a+b=1", "a b", "1"), ("a=%26%3D", "a", "&="),
        ] as [(String, String, String?)])
    func reads(text: String, name: String, value: String?) throws {
        #expect(try #require(FormFields(parsing: text))[name] == value)
    }

    @Test(arguments: ["a=1&a=2", "a=1&%61=1", "a=%", "a=%2", "a=%zz", "a=%00", "a=%ff", "%c3=1"])
    func refuses(text: String) { #expect(FormFields(parsing: text) == nil) }

    @Test func refusesTooManyFields() {
        func fields(_ count: Int) -> String { (0..<count).map { "f\($0)=1" }.joined(separator: "&") }
        #expect(FormFields(parsing: fields(FormFields.most)) != nil)
        #expect(FormFields(parsing: fields(FormFields.most + 1)) == nil)
    }

    @Test func whatIsEncodedIsReadAgain() throws {
        let value = "a b&c=d+e%f/é?#\"'<>~-._"
        let text = FormFields.encode([("v", value), ("w", "1")])
        #expect(text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f })
        let fields = try #require(FormFields(parsing: text))
        #expect(fields["v"] == value && fields["w"] == "1")
    }
}
