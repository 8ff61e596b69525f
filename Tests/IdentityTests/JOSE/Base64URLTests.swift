import Identity
import Primitives
import Testing

@Suite struct Base64URLTests {
    /// RFC 4648 §10, without padding, and RFC 7515 §C.
    @Test(arguments: [
        ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"), ("foobar", "Zm9vYmFy"),
    ]) func examples(_ bytes: String, _ text: String) {
        #expect(Base64URL.encode(Array(bytes.utf8)) == text)
        #expect(Base64URL.decode(text) == Array(bytes.utf8))
    }

    @Test func everyByteSurvives() {
        for count in 0..<70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ count) }
            #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
        }
        #expect(Base64URL.encode([3, 236, 255, 224, 193]) == "A-z_4ME")
    }

    /// Of all texts of two, three and four characters, exactly those decode that encoding gives.
    @Test func oneTextForEachSequence() {
        for first in UInt8(0)...255 {
            for last in UInt8(0)...255 {
                for text in [[first, last], [UInt8(ascii: "A"), first, last], [UInt8(ascii: "_"), first, UInt8(ascii: "-"), last]] {
                    guard let bytes = text.withView({ Base64URL.decode($0) }) else { continue }
                    #expect(Array(Base64URL.encode(bytes).utf8) == text)
                }
            }
        }
        #expect(Base64URL.decode("Zh") == nil && Base64URL.decode("Zm9") == nil && Base64URL.decode("Zm9vY") == nil)
        #expect(Base64URL.decode("Zg==") == nil && Base64URL.decode("Zm9v\n") == nil && Base64URL.decode("A+/A") == nil)
    }
}
