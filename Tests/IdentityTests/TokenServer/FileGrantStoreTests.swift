import Glibc
import Primitives
import Testing

@testable import Identity

@Suite struct FileGrantStoreTests {
    private let key = GrantKey(.refresh, "a")

    private func append(_ text: String, to path: String) throws {
        let file = try #require(unsafe fopen(path, "a"))
        unsafe fputs(text, file)
        unsafe fclose(file)
    }

    @Test func survivesItsProcess() throws {
        try TemporaryFolder.with { folder in
            do {
                let store = try FileGrantStore(folder: folder, now: 0)
                try store.update(key, now: 0) { $0 = GrantRecord(["x": "line\nbreak"], expires: 100) }
                try store.update(GrantKey(.code, "gone"), now: 0) { $0 = GrantRecord(1, expires: 100) }
                try store.update(GrantKey(.code, "gone"), now: 0) { $0 = nil }
                try store.update(GrantKey(.secret, "s"), now: 0) { $0 = GrantRecord("for ever", expires: .max) }
            }
            let store = try FileGrantStore(folder: folder, now: 50)
            #expect(try store.record(key, now: 50) == GrantRecord(["x": "line\nbreak"], expires: 100))
            #expect(try store.record(GrantKey(.code, "gone"), now: 50) == nil)
            #expect(try store.record(GrantKey(.secret, "s"), now: 50)?.expires == .max)
        }
    }

    @Test func aLineThatWasCutOffDoesNotCount() throws {
        try TemporaryFolder.with { folder in
            do {
                let store = try FileGrantStore(folder: folder, now: 0)
                try store.update(key, now: 0) { $0 = GrantRecord(1, expires: 100) }
            }
            try append(#"{"kind":"refresh","id":"a","expires":100,"val"#, to: "\(folder)/grants.jsonl")
            do {
                let store = try FileGrantStore(folder: folder, now: 0)
                #expect(try store.record(key, now: 0)?.value == 1)
                try store.update(key, now: 0) { $0?.value = 2 }
            }
            #expect(try FileGrantStore(folder: folder, now: 0).record(key, now: 0)?.value == 2)
        }
    }

    @Test func aLineThatIsBrokenIsAnError() throws {
        try TemporaryFolder.with { folder in
            try append("{\"kind\":\"code\"}\n", to: "\(folder)/grants.jsonl")
            #expect(throws: GrantStoreError.failed("\(folder)/grants.jsonl:1: the line is malformed")) {
                try FileGrantStore(folder: folder, now: 0)
            }
        }
    }

    @Test func isForOneProcessAndItsOwner() throws {
        try TemporaryFolder.with { folder in
            let store = try FileGrantStore(folder: folder, now: 0)
            #expect(throws: GrantStoreError.failed("\(folder) is in use by another process")) { try FileGrantStore(folder: folder, now: 0) }
            try store.update(key, now: 0) { $0 = GrantRecord(1, expires: 100) }
            var status = stat()
            unsafe stat("\(folder)/grants.jsonl", &status)
            #expect(status.st_mode & 0o777 == 0o600)
        }
        #expect(throws: GrantStoreError.self) { try FileGrantStore(folder: "/proc/no/such", now: 0) }
    }

    @Test func theJournalIsWrittenAnew() throws {
        try TemporaryFolder.with { folder in
            let path = "\(folder)/grants.jsonl"
            let line = #"{"kind":"refresh","id":"a","expires":100,"value":1}"# + "\n"
            try append(String(repeating: line, count: 5000), to: path)
            let store = try FileGrantStore(folder: folder, now: 0)
            var status = stat()
            unsafe stat(path, &status)
            #expect(status.st_size == line.utf8.count)
            #expect(try store.record(key, now: 0)?.value == 1)
        }
    }
}

enum TemporaryFolder {
    static func with(_ body: (String) throws -> Void) throws {
        var template = Array("/tmp/sluice-test-XXXXXX".utf8CString)
        let path = try #require(unsafe mkdtemp(&template).map { unsafe String(cString: $0) })
        defer {
            for name in ["lock", "grants.jsonl", "grants.jsonl.new"] {
                unlink("\(path)/\(name)")
                unlink("\(path)/grants/\(name)")
            }
            rmdir("\(path)/grants")
            rmdir(path)
        }
        try body(path)
    }
}
