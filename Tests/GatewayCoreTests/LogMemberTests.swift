import Primitives
import Testing

@testable import GatewayCore

@Suite struct LogMemberTests {
    private func members(_ packed: ByteBuffer) -> [String] {
        var members: [String] = []
        LogMember.forEach(packed.view) { members.append("\($0.name.string)\($0.kind == .literal ? ":" : "=")\($0.value.string)") }
        return members
    }

    private func append(_ name: String, _ value: String, _ kind: LogMember.Kind = .text, to out: ByteBuffer) {
        name.withView { name in value.withView { LogMember.append(kind, name, $0, to: out) } }
    }

    @Test func membersComeBackInOrder() {
        let out = ByteBuffer()
        append("a", "x y", to: out)
        append("b", "12", .literal, to: out)
        append("c", "", to: out)
        #expect(members(out) == ["a=x y", "b:12", "c="])
    }

    @Test func theLastOfOneNameCounts() {
        let out = ByteBuffer()
        append("a", "1", to: out)
        append("b", "2", to: out)
        append("a", "3", .literal, to: out)
        #expect(members(out) == ["b=2", "a:3"])
    }

    @Test func whatIsTooLongIsCutBetweenCharactersAndMarked() throws {
        // Header and name take five bytes of 4096.
        for length in 2040...2050 {
            let out = ByteBuffer()
            append("b", String(repeating: "ä", count: length), .literal, to: out)
            #expect(out.count <= LogMember.most)
            let member = try #require(members(out).first)
            let isWhole = length <= 2045
            // A literal that was cut is none any more.
            #expect(member.hasPrefix(isWhole ? "b:ä" : "b=ä") && member.hasSuffix(isWhole ? "ä" : "ä..."))
            #expect(!member.contains("\u{fffd}"))
        }
    }

    @Test func whatHasNoRoomIsLeftOut() {
        let out = ByteBuffer()
        append("a", String(repeating: "x", count: 10_000), to: out)
        #expect(out.count == LogMember.most)
        append("b", "1", to: out)
        append(String(repeating: "n", count: LogMember.longestName + 1), "1", to: ByteBuffer())
        #expect(members(out).count == 1)
    }

    @Test(arguments: [[0], [0, 1, 0, 9, 0x61], [7, 0, 0, 0], [0, 255, 255, 255]] as [[UInt8]])
    func nothingIsReadBeyondTheEnd(packed: [UInt8]) {
        packed.withView { LogMember.forEach($0) { _ in Issue.record("that is no member") } }
    }
}
