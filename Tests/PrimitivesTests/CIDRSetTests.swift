import Primitives
import Testing

@Suite struct CIDRSetTests {
    /// Random networks, narrow and wide, near each other and apart, against each of them in turn. Asked about the addresses at
    /// and next to every border, and some elsewhere.
    @Test(arguments: UInt64(1)...20) func isALinearScan(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let networks = (0..<Int.random(in: 0...200, using: &random)).map { _ in network(&random) }
        let set = CIDRSet(networks)
        var asked = networks.flatMap { [$0.address, $0.last, neighbour($0.address, -1), neighbour($0.last, 1)] }
        asked += (0..<200).map { _ in network(&random).address }
        asked += ["0.0.0.0", "255.255.255.255", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::fffe:ffff:ffff", "::1:0:0:0"].compactMap {
            IPAddress(parsing: $0)
        }
        for address in asked {
            #expect(set.contains(address) == networks.contains { $0.contains(address) }, "\(address) in \(networks)")
        }
    }

    @Test(
        arguments: [
            ([], [], ["0.0.0.0", "255.255.255.255", "::"]),
            (["10.0.0.0/8", "10.1.0.0/16", "10.0.0.0/8"], ["10.0.0.0", "10.255.255.255"], ["9.255.255.255", "11.0.0.0", "::a00:0"]),
            (["0.0.0.0/0"], ["0.0.0.0", "255.255.255.255"], ["::", "::fffe:ffff:ffff", "::1:0:0:0"]),
            (["255.255.255.255", "0.0.0.0"], ["0.0.0.0", "255.255.255.255"], ["0.0.0.1", "255.255.255.254", "128.0.0.0"]),
            (["128.0.0.0/1", "0.0.0.0/1"], ["0.0.0.0", "127.255.255.255", "128.0.0.0", "255.255.255.255"], ["::"]),
            (["::/0"], ["::", "10.0.0.1", "ffff::"], []),
            (["ffff::/16", "2001:db8::/32"], ["ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db8:ffff::"], ["2001:db9::", "1.2.3.4"]),
            (["::/64"], ["::1", "1.2.3.4"], ["::1:0:0:0:0"]),
        ] as [([String], [String], [String])]) func borders(_ networks: [String], _ inside: [String], _ outside: [String]) throws
    {
        let set = CIDRSet(networks.compactMap { CIDR(parsing: $0) })
        #expect(set.isEmpty == networks.isEmpty)
        for text in inside { #expect(set.contains(try #require(IPAddress(parsing: text))), "\(text)") }
        for text in outside { #expect(!set.contains(try #require(IPAddress(parsing: text))), "\(text)") }
    }

    @Test func sizeIsThatOfTheMergedNetworks() {
        let halves = (0..<2048).compactMap { CIDR(parsing: "10.\($0 / 256).\($0 % 256).0/24") }
        #expect(CIDRSet(halves + halves).memory == CIDRSet([halves[0]]).memory, "one stretch")
        let apart = (0..<2048).compactMap { CIDR(parsing: "10.\($0 / 256).\($0 % 256).0/25") }
        #expect((2048 * 8...2048 * 13).contains(CIDRSet(apart).memory))
    }

    @Test func readsLines() throws {
        let file = "# a list\r\n10.0.0.0/8\r\n\r\n \t192.0.2.1 # one host\n#2001:db8::/32\nfd00::/8#no blank\n   \n203.0.113.0/24"
        let set = try file.withView { view in Result { () throws(CIDRSet.ParsingError) in try CIDRSet(parsingLines: view) } }.get()
        for text in ["10.1.1.1", "192.0.2.1", "fd00::1", "203.0.113.255"] {
            #expect(set.contains(try #require(IPAddress(parsing: text))), "\(text)")
        }
        for text in ["192.0.2.2", "2001:db8::1", "203.0.114.0"] { #expect(!set.contains(try #require(IPAddress(parsing: text))), "\(text)") }
    }

    @Test func readsNothing() throws {
        for file in ["", "\n", "\r\n", "# only\n"] { #expect(errors(file) == nil) }
    }

    @Test func namesTheLinesThatAreWrong() {
        let error = errors("10.0.0.0/8\n10.0.0.0/33\n\nexample.com # name\r\n\u{1b}[31m\n1.2.3.4 5.6.7.8\n")
        #expect(error?.lines.map(\.number) == [2, 4, 5, 6])
        #expect(error?.lines.map(\.text) == ["10.0.0.0/33", "example.com", "?[31m", "1.2.3.4 5.6.7.8"])
        #expect(error?.description.hasPrefix("line 2: \"10.0.0.0/33\" is neither a network nor an address; line 4: ") == true)
    }

    @Test func aWrongFileDoesNotFillTheLog() {
        let error = errors(String(repeating: String(repeating: "x", count: 1000) + "\n", count: 1000))
        #expect(error?.count == 1000 && error?.lines.count == 10)
        #expect(error?.description.count ?? 0 < 1500 && error?.description.hasSuffix("; and 990 more") == true)
    }

    private func errors(_ file: String) -> CIDRSet.ParsingError? {
        file.withView { view in
            do throws(CIDRSet.ParsingError) {
                _ = try CIDRSet(parsingLines: view)
                return nil
            } catch {
                return error
            }
        }
    }

    /// Half of them within 4096 addresses.
    private func network(_ random: inout SeededRandom) -> CIDR {
        let crowded = Bool.random(using: &random)
        let address: IPAddress, lengths: ClosedRange<Int>
        if Bool.random(using: &random) {
            address = IPAddress(v4: crowded ? 0x0a00_0000 | .random(in: 0...4095, using: &random) : random.next())
            lengths = crowded ? 22...32 : 4...32
        } else {
            let high = crowded ? 0x2001_0db8_0000_0000 : random.next()
            address = IPAddress(high: high, low: crowded ? random.next() & 4095 : random.next())
            lengths = crowded ? 118...128 : 8...128
        }
        return CIDR(parsing: "\(address)/\(Int.random(in: lengths, using: &random))").unsafelyUnwrapped
    }

    private func neighbour(_ address: IPAddress, _ step: Int) -> IPAddress {
        let number = (UInt128(address.high) << 64 | UInt128(address.low)) &+ UInt128(truncatingIfNeeded: step)
        return IPAddress(high: UInt64(truncatingIfNeeded: number >> 64), low: UInt64(truncatingIfNeeded: number))
    }
}
