import Primitives
import Testing

@Suite struct IPAddressTests {
    @Test func addresses() throws {
        for row in try CaseFile.rows("addresses.txt") {
            #expect(IPAddress(parsing: row[0])?.description ?? "none" == row[1], "\(row[0])")
        }
    }

    @Test func networks() throws {
        for row in try CaseFile.rows("networks.txt") {
            let network = CIDR(parsing: row[0])
            #expect(network?.description ?? "none" == row[1], "\(row[0])")
            guard let network else { continue }
            for text in row[2].split(separator: " ") {
                #expect(network.contains(try #require(IPAddress(parsing: String(text)))), "\(text) is in \(network)")
            }
            for text in row[3].split(separator: " ") {
                #expect(!network.contains(try #require(IPAddress(parsing: String(text)))), "\(text) is outside of \(network)")
            }
        }
    }

    @Test func everyPrefixLengthSplitsAtItsBit() throws {
        for bits in 1...32 {
            let network = try #require(CIDR(parsing: "255.255.255.255/\(bits)"))
            #expect(network.contains(IPAddress(v4: .max << UInt32(32 - bits))))
            #expect(!network.contains(IPAddress(v4: .max ^ 1 << UInt32(32 - bits))))
        }
        for bits in 1...128 {
            let network = try #require(CIDR(parsing: "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/\(bits)"))
            let flipped =
                bits <= 64
                ? IPAddress(high: .max ^ 1 << UInt64(64 - bits), low: .max) : IPAddress(high: .max, low: .max ^ 1 << UInt64(128 - bits))
            #expect(!network.contains(flipped), "/\(bits)")
            #expect(network.contains(IPAddress(high: .max, low: .max)))
        }
    }

    @Test func kinds() throws {
        func address(_ text: String) throws -> IPAddress { try #require(IPAddress(parsing: text)) }
        #expect(try address("127.9.9.9").isLoopback && address("::1").isLoopback)
        #expect(try !address("128.0.0.1").isLoopback && !address("::2").isLoopback)
        #expect(try address("0.0.0.0").isUnspecified && address("::").isUnspecified && !address("::1").isUnspecified)
        #expect(try address("1.2.3.4").isIPv4 && !address("::1.2.3.4").isIPv4)
        #expect(IPAddress(try address("2001:db8::7").in6) == IPAddress(parsing: "2001:db8::7"))
    }

    /// The C library stops reading there, but the text does not end.
    @Test func textBehindNulIsNotForgotten() {
        #expect(IPAddress(parsing: "10.0.0.1\u{0}.evil.example") == nil)
    }
}
