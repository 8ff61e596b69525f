import Primitives
import Reactor
import Testing

@testable import SharedState

@Suite struct MemberRecordTests {
    private func record(_ random: inout SeededRandom) -> MemberRecord {
        MemberRecord(
            id: MemberID(1), address: .ip(IPAddress(v4: .random(in: 1...3, using: &random)), port: 1),
            incarnation: .random(in: 0...3, using: &random),
            status: MemberStatus(rawValue: .random(in: 0...3, using: &random))!, age: .random(in: 0...2, using: &random))
    }

    @Test func mergesAreSemilattice() {
        var random = SeededRandom(seed: 7)
        for _ in 0..<5_000 {
            let a = record(&random), b = record(&random), c = record(&random)
            #expect(a.merged(with: a) == a)
            #expect(a.merged(with: b) == b.merged(with: a))
            #expect(a.merged(with: b).merged(with: c) == a.merged(with: b.merged(with: c)))
        }
    }

    /// Tables that have heard the same, in any order and any number of times, know the same.
    @Test func tablesAgree() {
        var random = SeededRandom(seed: 8)
        for _ in 0..<300 {
            let news = (0..<12).map { _ in
                MemberRecord(
                    id: MemberID(.random(in: 2...5, using: &random)), address: .ip(.loopback, port: 1),
                    incarnation: .random(in: 0...3, using: &random),
                    status: MemberStatus(rawValue: .random(in: 0...3, using: &random))!)
            }
            func table(_ news: [MemberRecord]) -> [MemberID: MemberRecord] {
                var table = MemberTable(MemberRecord(id: MemberID(1), address: .ip(.loopback, port: 2)), GossipTiming())
                for record in news { table.apply(record, now: Instant(nanoseconds: 5)) }
                return table.others.mapValues(\.record)
            }
            #expect(table(news) == table((news + news).shuffled(using: &random)))
        }
    }

    @Test func nobodyIsDeadAgainstOnesWill() {
        var table = MemberTable(MemberRecord(id: MemberID(1), address: .ip(.loopback, port: 2)), GossipTiming())
        table.apply(MemberRecord(id: MemberID(1), address: .ip(.loopback, port: 2), incarnation: 4, status: .dead), now: Instant(nanoseconds: 5))
        #expect(table.me.incarnation == 5 && table.me.status == .alive)
        table.apply(MemberRecord(id: MemberID(1), address: .ip(.loopback, port: 2), incarnation: .max, status: .dead), now: Instant(nanoseconds: 5))
        #expect(table.me.incarnation == .max)
    }

    @Test func strangersDoNotFillTheTable() {
        var table = MemberTable(MemberRecord(id: MemberID(1), address: .ip(.loopback, port: 2)), GossipTiming())
        for id in 2..<UInt64(5000) { table.apply(MemberRecord(id: MemberID(id), address: .ip(.loopback, port: 1)), now: Instant(nanoseconds: 5)) }
        #expect(table.others.count == MemberTable.most)
    }
}
