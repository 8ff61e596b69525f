import Testing

@testable import Policies

@Suite struct ProtobufTests {
    /// Every field of a message, in one line.
    private static func fields(_ bytes: [UInt8]) -> String {
        var reader = ProtobufReader(bytes[...])
        var list: [String] = []
        do throws(ProtobufReader.Malformed) {
            while let (field, value) = try reader.next() {
                switch value {
                case .number(let number): list.append("\(field)=\(number)")
                case .bytes(let bytes): list.append("\(field)=\(Array(bytes))")
                case .fixed: list.append("\(field)=fixed")
                }
            }
        } catch {
            list.append("malformed")
        }
        return list.joined(separator: " ")
    }

    @Test func whatIsWrittenIsRead() {
        var writer = ProtobufWriter()
        writer.integer(1, 150)
        writer.integer(2, 0)
        writer.string(3, "testing")
        writer.string(4, "")
        writer.data(16, [1, 2])
        writer.message(5) { _ in }
        writer.entry(6, "k", "v")
        writer.integer(7, -1)
        // The first is the example of the documentation of the encoding.
        #expect(Array(writer.bytes.prefix(3)) == [0x08, 0x96, 0x01])
        #expect(
            ProtobufTests.fields(writer.bytes)
                == "1=150 3=\(Array("testing".utf8)) 16=[1, 2] 5=[] 6=[10, 1, 107, 18, 1, 118] 7=\(UInt64.max)")
    }

    @Test(
        arguments: [
            ([0x0d, 1, 2, 3, 4, 0x09, 1, 2, 3, 4, 5, 6, 7, 8, 0x10, 7], "1=fixed 1=fixed 2=7"), ([], ""),
            // A varint that never ends, one of more than 64 bits, a length beyond the end, cut values, groups, field 0, a field too far.
            ([0x08, 0xff], "malformed"), ([0x08] + [UInt8](repeating: 0xff, count: 10) + [1], "malformed"),
            ([0x08] + [UInt8](repeating: 0xff, count: 9) + [2], "malformed"), ([0x12, 5, 1], "malformed"), ([0x0d, 1], "malformed"),
            ([0x09, 1], "malformed"), ([0x0b], "malformed"), ([0x0c], "malformed"), ([0x0e, 0], "malformed"), ([0x00, 1], "malformed"),
            ([0x12] + [UInt8](repeating: 0xff, count: 9) + [1], "malformed"), ([0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1], "malformed"),
            ([0x08] + [UInt8](repeating: 0xff, count: 9) + [1], "1=\(UInt64.max)"),
        ] as [([UInt8], String)])
    func wire(_ bytes: [UInt8], _ expected: String) { #expect(ProtobufTests.fields(bytes) == expected) }

    @Test func textIsUTF8() {
        #expect(ProtobufReader.Value.bytes([0xc3, 0xa4]).text == "ä")
        #expect(ProtobufReader.Value.bytes([0xff]).text == nil && ProtobufReader.Value.number(1).text == nil)
        #expect(ProtobufReader.Value.number(UInt64(bitPattern: -5)).int == -5 && ProtobufReader.Value.fixed.int == nil)
    }
}
