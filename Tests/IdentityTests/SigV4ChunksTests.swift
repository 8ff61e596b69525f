import Identity
import Primitives
import Testing

/// The examples of "Signature calculations for the Authorization header: transferring payload in multiple chunks" and of the page on
/// trailers, in the documentation of Amazon S3.
@Suite("SigV4: bodies in signed chunks")
struct SigV4ChunksTests {
    static let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

    static func signature(hasTrailers: Bool) throws -> SigV4Signature {
        let form = hasTrailers ? "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" : "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
        let names =
            hasTrailers
            ? "content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer"
            : "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class"
        let seed =
            hasTrailers
            ? "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e" : "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
        var message = TestMessage([
            "method": "PUT", "host": "s3.amazonaws.com", "target": "/examplebucket/chunkObject.txt",
            "fields": [
                ["content-encoding", "aws-chunked"], ["content-length", "66824"], ["x-amz-content-sha256", .string(form)],
                ["x-amz-date", "20130524T000000Z"], ["x-amz-decoded-content-length", "66560"], ["x-amz-storage-class", "REDUCED_REDUNDANCY"],
                [
                    "authorization",
                    .string(
                        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=\(names),Signature=\(seed)"
                    ),
                ],
            ],
        ])
        if hasTrailers { message.fields.append(("x-amz-trailer", Array("x-amz-checksum-crc32c".utf8))) }
        let found = try SigV4Signature.find(in: message)
        try SigV4Rules().check(found, now: found.time.seconds)
        try found.verify(message, payload: found.payload, key: try SigV4Key(secret: secret, found.scope), path: .asItIs) { message.forEachName($0) }
        return found
    }

    static func body(_ signatures: [String], trailer: String = "") -> [UInt8] {
        var body: [UInt8] = []
        for (signature, count) in zip(signatures, [65536, 1024, 0]) {
            body += Array("\(String(count, radix: 16));chunk-signature=\(signature)\r\n".utf8)
            if count > 0 { body += [UInt8](repeating: UInt8(ascii: "a"), count: count) + [0x0d, 0x0a] }
        }
        return body + Array("\(trailer)\r\n".utf8)
    }

    static let plain = body([
        "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648", "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
        "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
    ])
    static let trailed = body(
        [
            "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2", "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
            "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
        ],
        trailer:
            "x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n")

    /// How many bytes came out of the body, taken in pieces of this size.
    static func decode(_ body: [UInt8], hasTrailers: Bool, isSigned: Bool = true, piece: Int) throws -> Int {
        let signature = try signature(hasTrailers: hasTrailers)
        var chunks = try SigV4Chunks(
            signature: isSigned ? signature : nil, key: try SigV4Key(secret: secret, signature.scope), hasTrailers: hasTrailers)
        var out = 0
        for start in stride(from: 0, to: body.count, by: piece) {
            var flaw: SignatureError?
            Array(body[start..<min(body.count, start + piece)]).withView { view in
                do throws(SignatureError) {
                    try chunks.take(view, { (bytes) throws(SignatureError) in out += bytes.count }, failing: { $0 })
                } catch { flaw = error }
            }
            if let flaw { throw flaw }
        }
        try chunks.end()
        #expect(chunks.count == out)
        return out
    }

    @Test("the examples, in pieces of any size", arguments: [1, 7, 1000, 65537, 100_000])
    func examples(_ piece: Int) throws {
        #expect(try Self.decode(Self.plain, hasTrailers: false, piece: piece) == 66560)
        #expect(try Self.decode(Self.trailed, hasTrailers: true, piece: piece) == 66560)
    }

    @Test("nothing may be altered, left out or added")
    func alterations() {
        for (body, hasTrailers) in [(Self.plain, false), (Self.trailed, true)] {
            for place in Array(stride(from: 3, to: 90, by: 4)) + [200, 40_000, 65_630, 66_000]
                + Array(stride(from: body.count - 200, to: body.count, by: 9))
            {
                var altered = body
                altered[place] ^= 1
                #expect(throws: SignatureError.self, "byte \(place)") { try Self.decode(altered, hasTrailers: hasTrailers, piece: 4096) }
            }
            for count in [0, 1, 90, 70_000, body.count - 2, body.count - 1] where count < body.count {
                #expect(throws: SignatureError.self, "\(count) bytes") {
                    try Self.decode(Array(body.prefix(count)), hasTrailers: hasTrailers, piece: 4096)
                }
            }
            #expect(throws: SignatureError.self) { try Self.decode(body + [0], hasTrailers: hasTrailers, piece: 4096) }
        }
    }

    @Test("trailers count where they are announced, and nowhere else")
    func trailers() {
        #expect(throws: SignatureError.self) { try Self.decode(Self.trailed, hasTrailers: false, piece: 4096) }
        #expect(throws: SignatureError.self) { try Self.decode(Self.plain, hasTrailers: true, piece: 4096) }
    }

    @Test("chunks that are not signed have no signatures")
    func unsigned() throws {
        let body = Array("5\r\nhello\r\n1\r\n!\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n".utf8)
        #expect(try Self.decode(body, hasTrailers: true, isSigned: false, piece: 3) == 6)
        #expect(throws: SignatureError.self) { try Self.decode(Self.plain, hasTrailers: true, isSigned: false, piece: 4096) }
        #expect(throws: SignatureError.self) { try Self.decode(body, hasTrailers: true, isSigned: true, piece: 4096) }
    }

    @Test("sizes that are none", arguments: ["", "g", "-1", "ffffffffffffffff", "10000000000000000", " 5", "5 "])
    func sizes(_ size: String) {
        #expect(throws: SignatureError.self) {
            try Self.decode(Array("\(size)\r\nhello\r\n0\r\n\r\n".utf8), hasTrailers: true, isSigned: false, piece: 64)
        }
        #expect(throws: SignatureError.self) {
            try Self.decode([UInt8](repeating: UInt8(ascii: "0"), count: 5000), hasTrailers: true, isSigned: false, piece: 64)
        }
    }
}
