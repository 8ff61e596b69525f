import Primitives
import Testing

@Suite struct Base64GroupTests {
    /// What becomes of digits; nil where one of them can't stand where it does.
    private func decode(_ digits: String) -> (bytes: [UInt8], isEmpty: Bool)? {
        let out = ByteBuffer(capacity: 64)
        var group = Base64Group()
        for digit in digits.utf8 { guard group.add(digit, to: out) else { return nil } }
        return (out.view.array, group.isEmpty)
    }

    @Test(arguments: [
        ("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYg==", "foob"),
        // Pieces that were padded one by one.
        ("Zg==Zg==", "ff"), ("Zm8=Zm9vZg==", "fofoof"),
    ])
    func whole(_ digits: String, _ text: String) throws {
        let result = try #require(decode(digits))
        #expect(result.bytes == Array(text.utf8))
        #expect(result.isEmpty)
    }

    @Test(arguments: ["=", "Z=", "Zg=v", "Z!", "Zm9v=", "Zg===", "Zm 9v"])
    func refused(_ digits: String) { #expect(decode(digits) == nil) }

    @Test(arguments: ["Z", "Zg", "Zg=", "Zm9vZ"])
    func incomplete(_ digits: String) throws { #expect(try !#require(decode(digits)).isEmpty) }
}
