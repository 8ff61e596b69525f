import Primitives
import Testing
import Upstreams

@testable import Certificates

/// Messages against those of dnspython 2.8.
@Suite struct DNSUpdateTests {
    static let zone = "076578616d706c65047465737400"
    static let head = "00060001" + "0f5f61636d652d6368616c6c656e676503777777"
    static let text = "1376616c75652d6f662d7468652d7265636f7264"
    /// Names below the zone end in a pointer to it.
    static let compressed = bytes("12342800000100000001" + "0000" + zone + head + "c00c" + "001000010000003c0014" + text)
    static let key = TransactionKey(name: "acme", secret: Array("secret key of the tests".utf8))
    static let now: Int64 = 1_795_520_000
    static let code = bytes("267644383ce6318fa9206bdf54f7e6aabb8df07f89776c83d1e4871a3c34d0b5")
    static let signature = "0461636d650000fa00ff00000000003d0b686d61632d7368613235360000006b057600012c0020"
    static let reply = bytes(
        "1234a8000001000000000001" + zone + "00060001" + signature + "c33bc46305e050e1e36cf3693959af701fc91281d2f7b86b876c54d17d6aa933"
            + "123400000000")

    static func bytes(_ hexadecimal: String) -> [UInt8] {
        let digits = Array(hexadecimal)
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(String(digits[$0..<$0 + 2]), radix: 16) ?? 0 }
    }

    @Test func addsAndRemovesOneRecord() throws {
        let name = try #require(DNSName("_acme-challenge.www.example.test")), zone = try #require(DNSName("example.test"))
        let start = "12342800000100000001" + "0000" + Self.zone + Self.head + Self.zone
        let added = DNSUpdate.message(.add, name: name, value: "value-of-the-record", zone: zone, id: 0x1234)
        #expect(added == Self.bytes(start + "001000010000003c0014" + Self.text))
        let removed = DNSUpdate.message(.remove, name: name, value: "value-of-the-record", zone: zone, id: 0x1234)
        #expect(removed == Self.bytes(start + "001000fe000000000014" + Self.text))
    }

    @Test func signsAsOthersDo() throws {
        let signed = try Self.key.sign(Self.compressed, now: Self.now)
        #expect(signed.code == Self.code)
        var whole = Self.compressed + Self.bytes(Self.signature) + Self.code + Self.bytes("123400000000")
        whole[11] = 1
        #expect(signed.message == whole)
    }

    @Test func believesRepliesThatAreSigned() throws {
        let request = TransactionKey.Signed(message: [], code: Self.code)
        #expect(try Self.key.verifies(Self.reply, to: request, now: Self.now))
        #expect(try Self.key.verifies(Self.reply, to: request, now: Self.now + 300))
    }

    @Test func believesNoOthers() throws {
        let request = TransactionKey.Signed(message: [], code: Self.code)
        #expect(try !Self.key.verifies(Self.reply, to: request, now: Self.now + 301))
        #expect(try !Self.key.verifies(Self.reply, to: .init(message: [], code: [1]), now: Self.now))
        #expect(try !TransactionKey(name: "acme", secret: [1]).verifies(Self.reply, to: request, now: Self.now))
        #expect(try !TransactionKey(name: "other", secret: Self.key.secret).verifies(Self.reply, to: request, now: Self.now))
        for i in Self.reply.indices {
            var changed = Self.reply
            changed[i] ^= 1
            // The id on the way may differ from the original one, which is signed (RFC 8945 §5.3).
            #expect(try !Self.key.verifies(changed, to: request, now: Self.now) || i < 2, "byte \(i)")
        }
        for count in Self.reply.indices {
            #expect(try !Self.key.verifies(Array(Self.reply[..<count]), to: request, now: Self.now), "\(count) bytes")
        }
    }

    @Test func saysWhatAServerRefuses() {
        #expect(DNSUpdate.refusal(Self.reply, id: 0x1234) == nil)
        #expect(DNSUpdate.refusal(Self.bytes("1234a8050000000000000000"), id: 0x1234) == "REFUSED")
        #expect(DNSUpdate.refusal(Self.bytes("1234a80f0000000000000000"), id: 0x1234) == "code 15")
        #expect(DNSUpdate.refusal(Self.bytes("1234a8000000000000000000"), id: 0x1235) == "a malformed reply")
        #expect(DNSUpdate.refusal([], id: 0) == "a malformed reply")
    }

    @Test func findsTheZone() throws {
        let name = try #require(DNSName("_acme-challenge.www.example.test"))
        let query = DNSUpdate.zoneQuery(name, id: 7)
        var reply = query
        reply[2] = 0x84
        // An authority record: SOA of example.test, 2 bytes of data.
        reply[9] = 1
        reply += Self.bytes(Self.zone + "000600010000003c0002" + "0000")
        #expect(DNSUpdate.zone(in: reply, id: 7) == DNSName("example.test"))
        #expect(DNSUpdate.zone(in: reply, id: 8) == nil && DNSUpdate.zone(in: query, id: 7) == nil)
        #expect(DNSUpdate.zone(in: Array(reply.dropLast()), id: 7) == nil)
    }
}
