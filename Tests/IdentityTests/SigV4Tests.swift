import Identity
import Primitives
import Testing

@Suite("SigV4: requests that botocore has signed")
struct SigV4Tests {
    static let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    static let lines = (try? CaseFile.jsonLines("sigv4/botocore.jsonl")) ?? []

    static func verify(_ message: TestMessage, body: [UInt8], isS3: Bool, now: Int64, secret: String = secret) throws(SignatureError) {
        let signature = try SigV4Signature.find(in: message)
        var rules = SigV4Rules()
        rules.allowsUnsignedPayload = true
        try rules.check(signature, now: now)
        guard let key = try? SigV4Key(secret: secret, signature.scope), let digest = try? Digest.sha256(body) else { throw .failed }
        var payload = signature.payload
        if payload == .unstated { payload = isS3 && signature.isPresigned ? .unsigned : .digest(digest) }
        if case .digest(let stated) = payload, stated != digest { throw .invalid }
        try signature.verify(message, payload: payload, key: key, path: isS3 ? .asItIs : .normalized) { message.forEachName($0) }
    }

    @Test("all of them are verified")
    func requests() throws {
        #expect(Self.lines.count == 500)
        for line in Self.lines {
            let name = try #require(line["name"]?.string), now = Int64(try #require(line["now"]?.int)), isS3 = line["s3"] == true
            let message = TestMessage(line), body = Array((line["body"]?.string ?? "").utf8)
            #expect(throws: Never.self, "\(name)") { try Self.verify(message, body: body, isS3: isS3, now: now) }
        }
    }

    @Test("none of them when anything of it is altered")
    func alterations() throws {
        for line in Self.lines {
            let name = try #require(line["name"]?.string), now = Int64(try #require(line["now"]?.int)), isS3 = line["s3"] == true
            let original = TestMessage(line), body = Array((line["body"]?.string ?? "").utf8)
            func isRefused(_ what: String, secret: String = Self.secret, now moment: Int64? = nil, _ alter: (inout TestMessage) -> Void = { _ in }) {
                var message = original
                alter(&message)
                #expect(throws: SignatureError.self, "\(name): \(what)") {
                    try Self.verify(message, body: body, isS3: isS3, now: moment ?? now, secret: secret)
                }
            }
            isRefused("another secret", secret: "other")
            isRefused("another method") { $0.method = Array("PATCH".utf8) }
            isRefused("another host") { $0.host += [0x78] }
            isRefused("a longer path") { message in
                let end = message.target.firstIndex(of: UInt8(ascii: "?")) ?? message.target.count
                message.target.insert(contentsOf: Array("x/x".utf8), at: end)
            }
            isRefused("one more parameter") { $0.target += Array(($0.target.contains(UInt8(ascii: "?")) ? "&x=" : "?x=").utf8) }
            isRefused("one more field that counts") { $0.fields.append(("x-amz-acl", Array("public".utf8))) }
            isRefused("tomorrow and six days", now: now + 700_000)
            isRefused("long before", now: now - 301)
            if let place = original.fields.firstIndex(where: { $0.name.lowercased() == "content-type" }) {
                isRefused("another type of content") { $0.fields[place].value += [0x78] }
            }
        }
    }

    @Test("what is signed here is what botocore signs")
    func signs() throws {
        for line in Self.lines where line["query"] == false {
            var message = TestMessage(line)
            let place = try #require(message.fields.firstIndex { $0.name == "Authorization" })
            let authorization = message.fields.remove(at: place).value
            let date = try #require(message.fields.first { $0.name == "X-Amz-Date" }?.value)
            let time = try #require(date.withView { SigV4Time($0) })
            #expect(SigV4Time(seconds: time.seconds) == time)
            let digest = try Digest.sha256(Array((line["body"]?.string ?? "").utf8))
            let isUnsigned = message.fields.contains { $0.value.text == "UNSIGNED-PAYLOAD" }
            let signer = SigV4Signer(
                accessKey: "AKIDEXAMPLE", secret: Self.secret, region: try #require(line["region"]?.string),
                service: try #require(line["service"]?.string))
            let names = Set(message.fields.map { $0.name.lowercased() } + ["host"]).sorted()
            let made = try signer.authorization(
                message, signedHeaders: names, payload: isUnsigned ? .unsigned : .digest(digest), time: time, key: try signer.key(at: time))
            #expect(made.text == authorization.text, "\(line["name"]?.string ?? "")")
        }
    }

    @Test(
        "the paths and queries of AWS's own test suite",
        arguments: [
            ("get-vanilla", "/", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            ("get-vanilla-query-order-key-case", "/?Param2=value2&Param1=value1", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
            ("normalize-path/get-relative", "/example/..", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            ("normalize-path/get-relative-relative", "/example1/example2/../..", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            ("normalize-path/get-slash", "//", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            ("normalize-path/get-slash-dot-slash", "/./", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            ("normalize-path/get-slashes", "//example//", "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"),
        ])
    func suite(_ name: String, _ target: String, _ expected: String) throws {
        let message = TestMessage([
            "method": "GET", "host": "example.amazonaws.com", "target": .string(target),
            "fields": [
                ["X-Amz-Date", "20150830T123600Z"],
                [
                    "Authorization",
                    .string(
                        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature="
                            + expected),
                ],
            ],
        ])
        #expect(throws: Never.self, "\(name)") { try Self.verify(message, body: [], isS3: false, now: 1_440_938_160) }
    }
}
