import Identity
import Primitives
import Testing

@Suite("HMAC signatures: what a field says")
struct HMACCredentialsTests {
    static func read(_ field: String) -> HMACCredentials? { field.withView { HMACCredentials($0) } }

    @Test("the forms of several gateways")
    func forms() throws {
        let one = try #require(Self.read(#"Signature keyId="a b",algorithm="HMAC-SHA256",headers="(request-target) Date",signature="AQI=""#))
        #expect(one.keyID == "a b" && one.algorithm == "hmac-sha256" && one.headers == ["(request-target)", "date"] && one.signature == [1, 2])
        let two = try #require(Self.read(#"hmac username="a", headers="date request-line", signature="+/8=""#))
        #expect(two.keyID == "a" && two.algorithm == nil && two.signature == [0xfb, 0xff])
        #expect(Self.read(#"SIGNATURE keyid=a, created=5, expires=6, signature="%2B%2F8%3D""#)?.signature == [0xfb, 0xff])
        #expect(Self.read(#"Signature keyId="a",signature="AQI=""#)?.headers == ["date"])
        #expect(Self.read(#"Signature keyId="a",created=5,expires=6,signature="AQI=""#)?.created == 5)
    }

    static let flawed: [String] = [
        "", "Signature", "Signature ", "Basic YTpi", #"Signature keyId="a""#, #"Signature signature="AQI=""#, #"Signature keyId="",signature="AQI=""#,
        #"Signature keyId="a",signature="AQI""#, #"Signature keyId="a",signature="A""#, #"Signature keyId="a",keyId="b",signature="AQI=""#,
        #"Signature keyId="a",signature="AQI=",signature="AQI=""#, #"Signature keyId="a",headers="",signature="AQI=""#,
        #"Signature keyId="a",headers="date date",signature="AQI=""#, #"Signature keyId="a",headers="Date date",signature="AQI=""#,
        #"Signature keyId="a,signature="AQI=""#, #"Signature keyId="a\"b",signature="AQI=""#, #"Signature keyId="a",created=x,signature="AQI=""#,
        #"Signature keyId="a",created=-1,signature="AQI=""#, #"Signature keyId="a",created=99999999999999999999,signature="AQI=""#,
        #"Signature keyId"#,
        #"Signature keyId=,signature="AQI=""#,
        "Signature keyId=\"a\",headers=\"" + (0..<65).map { "x\($0)" }.joined(separator: " ") + "\",signature=\"AQI=\"",
    ]

    @Test("fields that are malformed", arguments: flawed)
    func malformed(_ field: String) { #expect(Self.read(field) == nil) }

    @Test("no truncation says more than the whole")
    func truncations() {
        let whole = #"Signature keyId="mobile",algorithm="hmac-sha256",headers="(request-target) host date",signature="AQID""#
        #expect(Self.read(whole) != nil)
        for count in 0..<whole.utf8.count {
            let read = Self.read(String(whole.prefix(count)))
            #expect(read == nil, "\(whole.prefix(count))")
        }
    }

    @Test(
        "the field that RFC 9530 has replaced",
        arguments: [
            ("SHA-256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", true), ("sha-256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", true),
            ("md5=1B2M2Y8AsgTpgAmY7PhCfg==, SHA-256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", true), ("md5=1B2M2Y8AsgTpgAmY7PhCfg==", false),
            ("SHA-256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuF==", false), ("SHA-256=AAAA", false), ("SHA-256", false), ("", false),
        ])
    func oldDigests(_ field: String, _ isRead: Bool) throws {
        let found = field.withView { OldDigestField.parse($0) }
        #expect((found != nil) == isRead)
        if isRead { #expect(try found?.digest == Digest.sha256([])) }
    }
}
