import Primitives
import Reactor
import Testing

@testable import Identity

/// What every store has to do.
@Suite struct GrantStoreTests {
    enum Kind: CaseIterable { case memory, file }

    private func withStore(_ kind: Kind, most: Int = 1000, _ body: (any GrantStore) throws -> Void) throws {
        switch kind {
        case .memory: try body(MemoryGrantStore(most: most))
        case .file: try TemporaryFolder.with { try body(try FileGrantStore(folder: "\($0)/grants", most: most, now: 0)) }
        }
    }

    private func put(_ store: any GrantStore, _ id: String, _ value: JSON, expires: Int = 100, now: Int = 0) throws {
        try store.update(GrantKey(.code, id), now: now) { $0 = GrantRecord(value, expires: expires) }
    }

    @Test(arguments: Kind.allCases) func keepsAndForgets(kind: Kind) throws {
        try withStore(kind) { store in
            #expect(try store.record(GrantKey(.code, "a"), now: 0) == nil)
            try put(store, "a", "one")
            #expect(try store.record(GrantKey(.code, "a"), now: 0) == GrantRecord("one", expires: 100))
            #expect(try store.record(GrantKey(.device, "a"), now: 0) == nil)
            try store.update(GrantKey(.code, "a"), now: 0) { $0?.value = "two" }
            #expect(try store.record(GrantKey(.code, "a"), now: 0)?.value == "two")
            try store.update(GrantKey(.code, "a"), now: 0) { $0 = nil }
            #expect(try store.record(GrantKey(.code, "a"), now: 0) == nil)
        }
    }

    @Test(arguments: Kind.allCases) func recordsExpire(kind: Kind) throws {
        try withStore(kind) { store in
            try put(store, "a", 1, expires: 10)
            try put(store, "b", 2, expires: 20)
            #expect(try store.record(GrantKey(.code, "a"), now: 9) != nil)
            #expect(try store.record(GrantKey(.code, "a"), now: 10) == nil)
            #expect(try store.records(.code, now: 10).map(\.id) == ["b"])
            #expect(try store.update(GrantKey(.code, "a"), now: 10) { $0 == nil })
        }
    }

    @Test(arguments: Kind.allCases) func isBounded(kind: Kind) throws {
        try withStore(kind, most: 3) { store in
            for id in ["a", "b", "c"] { try put(store, id, 1, expires: id == "b" ? 5 : 100) }
            #expect(throws: GrantStoreError.full(.code)) { try put(store, "d", 1) }
            // Those that are there can be changed, and another kind has room of its own.
            try put(store, "a", 2)
            try store.update(GrantKey(.device, "d"), now: 0) { $0 = GrantRecord(1, expires: 100) }
            // What has expired makes room.
            try put(store, "d", 1, now: 5)
            #expect(try store.records(.code, now: 5).map(\.id).sorted() == ["a", "c", "d"])
        }
    }

    @Test(arguments: Kind.allCases) func changesAreAtomic(kind: Kind) async throws {
        try withStore(kind) { store in
            try put(store, "n", 0)
            let done = Latch(4)
            for _ in 0..<4 {
                try LoopThread.start("test") {
                    for _ in 0..<25 {
                        try? store.update(GrantKey(.code, "n"), now: 0) { record in
                            let count = record?.value.int ?? 0
                            record?.value = .number(JSONNumber(count + 1))
                        }
                    }
                    done.countDown()
                }.detach()
            }
            #expect(done.wait(timeout: .seconds(20)))
            #expect(try store.record(GrantKey(.code, "n"), now: 0)?.value == 100)
        }
    }
}
