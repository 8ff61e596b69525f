import Identity
import Primitives
import Testing

@Suite("SigV4: credentials and rules")
struct SigV4RulesTests {
    static let good = "AWS4-HMAC-SHA256 Credential=AK/20260101/eu-west-1/sqs/aws4_request, SignedHeaders=host;x-amz-date, Signature=" + signature
    static let signature = String(repeating: "0a", count: 32)
    /// 2026-01-01T00:00:00Z
    static let now: Int64 = 1_767_225_600

    static func message(_ authorization: String?, date: String? = "20260101T000000Z", target: String = "/") -> TestMessage {
        var message = TestMessage(["method": "GET", "host": "h", "target": .string(target)])
        if let authorization { message.fields.append(("authorization", Array(authorization.utf8))) }
        if let date { message.fields.append(("x-amz-date", Array(date.utf8))) }
        return message
    }

    @Test("what a field says")
    func reads() throws {
        let found = try SigV4Signature.find(in: Self.message(Self.good))
        #expect(found.accessKey == "AK" && found.scope == SigV4Scope(day: "20260101", region: "eu-west-1", service: "sqs"))
        #expect(found.signedHeaders == ["host", "x-amz-date"] && !found.isPresigned && found.payload == .unstated && found.time.seconds == Self.now)
    }

    @Test("a Date does where there is no x-amz-date")
    func httpDate() throws {
        var message = Self.message(Self.good, date: nil)
        message.fields.append(("date", Array("Thu, 01 Jan 2026 00:00:00 GMT".utf8)))
        #expect(try SigV4Signature.find(in: message).time.text == "20260101T000000Z")
    }

    static let flawed: [String] = [
        "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=AK", good.replacing("Credential", with: "Kredential"),
        good.replacing("SignedHeaders", with: "Headers"), good.replacing("Signature=", with: "Sig="),
        good.replacing("aws4_request", with: "aws3_request"),
        good.replacing("/sqs", with: ""), good.replacing("AK/", with: "/"), good.replacing("20260101/", with: "2026011/"),
        good.replacing("0a0a", with: "0a"),
        good.replacing("0a0a", with: "0axx"), good.replacing("host;", with: "Host;"), good.replacing("host;", with: ";"),
        good.replacing("host;", with: "host;host;"), good.replacing("host;", with: "ho st;"),
    ]

    @Test("fields that are malformed", arguments: flawed)
    func malformed(_ authorization: String) {
        #expect(throws: SignatureError.self) { try SigV4Signature.find(in: Self.message(authorization)) }
    }

    @Test(
        "dates that are none",
        arguments: [
            nil, "", "20260101T000000", "20260101T000000z", "20261301T000000Z", "20260230T000000Z", "20260101T240000Z", "20260101T006000Z",
            "2026-101T000000Z",
            "19690101T000000Z",
        ])
    func dates(_ date: String?) {
        #expect(throws: SignatureError.self) { try SigV4Signature.find(in: Self.message(Self.good, date: date)) }
    }

    @Test("two lines of a field that counts are refused; another scheme is no signature")
    func lines() {
        var message = Self.message(Self.good)
        message.fields.append(("Authorization", Array(Self.good.utf8)))
        #expect(throws: SignatureError.malformed(.init("a field of the signature is there twice"))) { try SigV4Signature.find(in: message) }
        #expect(throws: SignatureError.missing) { try SigV4Signature.find(in: Self.message("Basic YTpi")) }
        #expect(throws: SignatureError.missing) { try SigV4Signature.find(in: Self.message(nil)) }
    }

    static func presigned(_ changes: [String: String?] = [:]) -> String {
        var parameters: [(String, String)] = [
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"), ("X-Amz-Credential", "AK%2F20260101%2Feu-west-1%2Fsqs%2Faws4_request"),
            ("X-Amz-Date", "20260101T000000Z"), ("X-Amz-Expires", "60"), ("X-Amz-SignedHeaders", "host"), ("X-Amz-Signature", signature),
        ]
        for (name, value) in changes {
            parameters.removeAll { $0.0 == name }
            if let value { parameters.append((name, value)) }
        }
        return "/?" + parameters.map { "\($0.0)=\($0.1)" }.joined(separator: "&")
    }

    @Test("presigned URLs")
    func presignedURLs() throws {
        let found = try SigV4Signature.find(in: Self.message(nil, date: nil, target: Self.presigned()))
        #expect(found.isPresigned && found.expires == 60 && found.accessKey == "AK" && found.signedHeaders == ["host"])
        for (name, value) in [
            ("X-Amz-Algorithm", "AWS4-ECDSA-P256-SHA256"), ("X-Amz-Algorithm", nil), ("X-Amz-Credential", nil), ("X-Amz-Date", "now"),
            ("X-Amz-Date", nil),
            ("X-Amz-Expires", "-1"), ("X-Amz-Expires", "99999999999999999999"), ("X-Amz-Expires", nil), ("X-Amz-SignedHeaders", nil),
            ("X-Amz-Signature", "00"),
        ] as [(String, String?)] {
            #expect(throws: SignatureError.self, "\(name) \(value ?? "left out")") {
                try SigV4Signature.find(in: Self.message(nil, date: nil, target: Self.presigned([name: value])))
            }
        }
        #expect(throws: SignatureError.missing) {
            try SigV4Signature.find(in: Self.message(nil, date: nil, target: Self.presigned(["X-Amz-Signature": nil])))
        }
        #expect(throws: SignatureError.missing) {
            try SigV4Signature.find(in: Self.message(nil, date: nil, target: Self.presigned() + "&X-Amz-Expires=1000"))
        }
    }

    @Test("time, scope and host")
    func rules() {
        var rules = SigV4Rules()
        func passes(_ message: TestMessage, at now: Int64) -> Bool {
            guard let signature = try? SigV4Signature.find(in: message) else { return false }
            return (try? rules.check(signature, now: now)) != nil
        }
        let field = Self.message(Self.good), url = Self.message(nil, date: nil, target: Self.presigned())
        #expect(passes(field, at: Self.now + 300) && !passes(field, at: Self.now + 301))
        #expect(passes(field, at: Self.now - 300) && !passes(field, at: Self.now - 301))
        #expect(passes(url, at: Self.now + 60) && !passes(url, at: Self.now + 61))
        #expect(!passes(Self.message(nil, date: nil, target: Self.presigned(["X-Amz-Expires": "0"])), at: Self.now))
        #expect(!passes(Self.message(nil, date: nil, target: Self.presigned(["X-Amz-Expires": "604801"])), at: Self.now))
        #expect(!passes(Self.message(Self.good.replacing("host;", with: "")), at: Self.now))
        #expect(!passes(Self.message(Self.good.replacing("20260101/", with: "20260102/")), at: Self.now))
        rules.allowsPresigned = false
        #expect(!passes(url, at: Self.now))
        rules.services = ["sqs"]
        rules.regions = ["eu-west-1"]
        #expect(passes(field, at: Self.now))
        rules.services = ["s3"]
        #expect(!passes(field, at: Self.now))
        rules.services = []
        rules.regions = ["us-east-1"]
        #expect(!passes(field, at: Self.now))
        rules.regions = []
        var unsigned = field
        unsigned.fields.append(("x-amz-content-sha256", Array("UNSIGNED-PAYLOAD".utf8)))
        #expect(!passes(unsigned, at: Self.now))
        rules.allowsUnsignedPayload = true
        #expect(passes(unsigned, at: Self.now))
    }
}
