import Testing

@testable import Identity

@Suite struct CookieSealTests {
    private static let old = [UInt8](repeating: 1, count: 32), new = [UInt8](repeating: 2, count: 40)

    @Test func opensWhatItHasSealed() throws {
        let seal = try CookieSeal(secrets: [Self.new], purpose: "session")
        for bytes in [[], [0], [UInt8](repeating: 7, count: 10_000)] as [[UInt8]] {
            let text = try seal.seal(bytes, name: "s")
            #expect(seal.open(text, name: "s") == bytes)
            #expect(text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: ";") && $0 != UInt8(ascii: ",") })
        }
        #expect(try seal.seal([1], name: "s") != seal.seal([1], name: "s"))
    }

    @Test func opensNothingElse() throws {
        let seal = try CookieSeal(secrets: [Self.new], purpose: "session")
        let text = try seal.seal([1, 2, 3], name: "s")
        #expect(seal.open(text, name: "t") == nil)
        #expect(try CookieSeal(secrets: [Self.new], purpose: "login").open(text, name: "s") == nil)
        #expect(try CookieSeal(secrets: [Self.old], purpose: "session").open(text, name: "s") == nil)
        let sealed = try #require(Base64URL.decode(text))
        for place in sealed.indices {
            var changed = sealed
            changed[place] ^= 1
            #expect(seal.open(Base64URL.encode(changed), name: "s") == nil, "byte \(place)")
            #expect(seal.open(Base64URL.encode(Array(sealed[..<place])), name: "s") == nil, "\(place) bytes")
        }
        #expect(seal.open("no base64!", name: "s") == nil && seal.open("", name: "s") == nil && seal.open(text + "A", name: "s") == nil)
    }

    @Test func secretsAreReplacedOneAfterTheOther() throws {
        let before = try CookieSeal(secrets: [Self.old], purpose: "p"), between = try CookieSeal(secrets: [Self.new, Self.old], purpose: "p")
        let after = try CookieSeal(secrets: [Self.new], purpose: "p")
        let kept = try before.seal([1], name: "s"), renewed = try between.seal([2], name: "s")
        #expect(between.open(kept, name: "s") == [1])
        #expect(after.open(renewed, name: "s") == [2])
        #expect(after.open(kept, name: "s") == nil && before.open(renewed, name: "s") == nil)
    }

    @Test func weakSecretsAreRefused() {
        #expect(throws: CryptoError.self) { try CookieSeal(secrets: [[UInt8](repeating: 1, count: 31)], purpose: "p") }
        #expect(throws: CryptoError.self) { try CookieSeal(secrets: [], purpose: "p") }
    }

    /// RFC 5869, test cases 1 and 3.
    @Test func keyDerivation() throws {
        func hex(_ text: String) -> [UInt8] {
            let digits = Array(text.utf8).map { $0 < 0x3a ? $0 - 0x30 : $0 - 0x57 }
            return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
        }
        let secret = [UInt8](repeating: 0x0b, count: 22)
        #expect(
            try KeyDerivation.sha256(secret, salt: Array(0...12), info: Array(0xf0...0xf9), count: 42)
                == hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"))
        #expect(
            try KeyDerivation.sha256(secret, info: [], count: 42)
                == hex("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"))
    }

    @Test(arguments: [0, 1, 3797, 3798, 3799, 7596, 7597, 18_990])
    func piecesMakeTheTextAgain(count: Int) throws {
        let text = String((0..<count).map { Character(Unicode.Scalar(UInt8(0x41 + $0 % 26))) })
        let pieces = try #require(CookiePieces.split(text, name: "s"))
        #expect(pieces.count == max(1, (count + 3797) / 3798) && pieces.allSatisfy { $0.value.utf8.count <= CookiePieces.longest })
        let cookies = Dictionary(uniqueKeysWithValues: pieces.map { ($0.name, $0.value) })
        #expect(CookiePieces.join(name: "s") { cookies[$0] } == text)
        if pieces.count > 1 { #expect(CookiePieces.join(name: "s") { $0 == "s-1" ? nil : cookies[$0] } == nil) }
    }

    @Test(arguments: ["", "x", "0.a", "6.a", "-1.a", "2.a", "99999999999999999999.a"])
    func noPieces(first: String) { #expect(CookiePieces.join(name: "s") { $0 == "s" ? first : nil } == nil) }

    @Test func tooLongATextHasNoPieces() { #expect(CookiePieces.split(String(repeating: "a", count: 18_991), name: "s") == nil) }
}
