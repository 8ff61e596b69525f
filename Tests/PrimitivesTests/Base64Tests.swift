import Primitives
import Testing

@Suite struct Base64Tests {
    private func decode(_ text: String, _ padding: Base64.Padding) -> [UInt8]? {
        let buffer = ByteBuffer()
        buffer.append("before")
        let isDecoded = text.withView { Base64.decode($0, padding: padding, into: buffer) }
        #expect(buffer.view.hasPrefix("before") && (isDecoded || buffer.count == 6), "\(text)")
        return isDecoded ? buffer.view.dropFirst(6).array : nil
    }

    private func encode(_ bytes: [UInt8], _ padding: Base64.Padding) -> String {
        let buffer = ByteBuffer()
        bytes.withView { Base64.encode($0, padding: padding, into: buffer) }
        return buffer.view.string
    }

    @Test func bothWays() throws {
        for row in try CaseFile.rows("base64.txt") {
            let bytes = Array(row[0].utf8), bare = row[1].filter { $0 != "=" }
            #expect(encode(bytes, .required) == row[1])
            #expect(encode(bytes, .absent) == bare)
            #expect(decode(row[1], .required) == bytes)
            #expect(decode(bare, .absent) == bytes)
        }
    }

    @Test func malformed() throws {
        for row in try CaseFile.rows("base64-malformed.txt") {
            #expect(decode(row[0], .required) == nil, "\(row[0])")
            #expect(decode(row[0], .absent).map { String(decoding: $0, as: UTF8.self) } ?? "none" == row[1], "\(row[0])")
        }
    }

    /// Every digit, and every byte that is none.
    @Test func alphabet() {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        for byte in UInt8.min ... .max {
            let buffer = ByteBuffer()
            let text = [byte, UInt8(ascii: "A"), UInt8(ascii: "A"), UInt8(ascii: "A")]
            let isDecoded = text.withView { Base64.decode($0, into: buffer) }
            #expect(isDecoded == alphabet.contains(byte), "\(byte)")
            if let value = alphabet.firstIndex(of: byte) { #expect(buffer.view.array == [UInt8(value) << 2, 0, 0]) }
        }
    }

    @Test func allLengths() {
        var random = SystemRandomNumberGenerator()
        for length in 0..<200 {
            let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(decode(encode(bytes, .required), .required) == bytes)
            #expect(decode(encode(bytes, .absent), .absent) == bytes)
        }
    }
}
