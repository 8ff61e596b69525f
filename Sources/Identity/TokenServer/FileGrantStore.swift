private import Glibc
import Primitives
private import Synchronization

/// Keeps everything in memory, and every change in a journal in a folder of its own, so that it survives the process.
///
/// A change counts once the disk has it. The journal has a line of JSON for each change; it is written anew when the store is opened, and when
/// it has become much longer than what is in it. Of a line that the machine's end cut off nothing counts.
package final class FileGrantStore: GrantStore {
    private struct State {
        var table: GrantTable
        var journal: Journal
    }

    private let state: Mutex<State>
    /// Closed with the store, which lets go of the folder.
    private let lock: FileHandle

    /// - Parameters:
    ///   - folder: made if it is not there. No other process may use it.
    ///   - most: records of each kind.
    package init(folder: String, most: Int = 100_000, now: Int) throws(GrantStoreError) {
        guard unsafe mkdir(folder, 0o700) == 0 || errno == EEXIST else { throw .failed("\(folder) can't be made: \(Journal.reason)") }
        lock = try FileHandle.open("\(folder)/lock", O_RDWR | O_CREAT)
        guard flock(lock.descriptor, LOCK_EX | LOCK_NB) == 0 else { throw .failed("\(folder) is in use by another process") }
        var table = GrantTable(most: most)
        let path = "\(folder)/grants.jsonl"
        for (number, line) in try Journal.lines(path).enumerated() {
            guard let (key, record) = Journal.decode(line) else { throw .failed("\(path):\(number + 1): the line is malformed") }
            guard table.set(key, record, now: now) else { throw .full(key.kind) }
        }
        let journal = try Journal(path: path, folder: folder, table: &table, now: now)
        state = Mutex(State(table: table, journal: journal))
    }

    package func update<R>(_ key: GrantKey, now: Int, _ change: (inout GrantRecord?) -> R) throws(GrantStoreError) -> R {
        let outcome: Result<R, GrantStoreError> = state.withLock { state in
            let before = state.table.record(key, now: now)
            var record = before
            let result = change(&record)
            guard record != before else { return .success(result) }
            guard state.table.set(key, record, now: now) else { return .failure(.full(key.kind)) }
            do throws(GrantStoreError) {
                try state.journal.append(key, record)
                state.journal.tidy(&state.table, now: now)
                return .success(result)
            } catch {
                _ = state.table.set(key, before, now: now)
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    package func records(_ kind: GrantKind, now: Int) -> [(id: String, record: GrantRecord)] { state.withLock { $0.table.all(kind, now: now) } }
}

/// The lines on disk.
private struct Journal {
    private let path: String
    private let folder: String
    private var file: FileHandle
    private var lines: Int
    /// Bytes of whole lines.
    private var size: Int

    init(path: String, folder: String, table: inout GrantTable, now: Int) throws(GrantStoreError) {
        self.path = path
        self.folder = folder
        (file, lines, size) = try Journal.write(path, folder, &table, now: now)
    }

    mutating func append(_ key: GrantKey, _ record: GrantRecord?) throws(GrantStoreError) {
        let line = Journal.encode(key, record)
        do throws(GrantStoreError) {
            try file.append(line)
            try file.synchronise()
        } catch {
            // Half a line would spoil the next one.
            file.truncate(to: size)
            throw error
        }
        lines += 1
        size += line.count
    }

    /// Writes the journal anew when it has become long. Where that fails, the old one goes on, and it is tried again much later.
    mutating func tidy(_ table: inout GrantTable, now: Int) {
        guard lines > 10_000 + 2 * table.count else { return }
        do throws(GrantStoreError) {
            (file, lines, size) = try Journal.write(path, folder, &table, now: now)
        } catch {
            lines = 0
        }
    }

    /// A new journal in place of the old one: it is either the one or the other that is found after a crash.
    private static func write(
        _ path: String, _ folder: String, _ table: inout GrantTable, now: Int
    ) throws(GrantStoreError) -> (file: FileHandle, lines: Int, size: Int) {
        let fresh = "\(path).new"
        let file = try FileHandle.open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND)
        var bytes: [UInt8] = []
        var lines = 0
        table.sweep(now: now) { key, record in
            bytes += encode(key, record)
            lines += 1
        }
        try file.append(bytes)
        try file.synchronise()
        guard unsafe rename(fresh, path) == 0 else { throw .failed("\(path) can't be replaced: \(reason)") }
        try FileHandle.open(folder, O_RDONLY | O_DIRECTORY).synchronise()
        return (file, lines, bytes.count)
    }

    static func encode(_ key: GrantKey, _ record: GrantRecord?) -> [UInt8] {
        var object: JSONObject = ["kind": .string(key.kind.rawValue), "id": .string(key.id)]
        if let record {
            object["expires"] = .number(JSONNumber(record.expires))
            object["value"] = record.value
        }
        return JSON.object(object).bytes + [0x0a]
    }

    static func decode(_ line: ArraySlice<UInt8>) -> (GrantKey, GrantRecord?)? {
        guard let json = try? JSON.parse(Array(line)), let kind = json["kind"]?.string.flatMap(GrantKind.init(rawValue:)),
            let id = json["id"]?.string
        else { return nil }
        guard let value = json["value"] else { return (GrantKey(kind, id), nil) }
        guard let expires = json["expires"]?.int else { return nil }
        return (GrantKey(kind, id), GrantRecord(value, expires: expires))
    }

    /// Whole lines of a file; none when there is no file.
    static func lines(_ path: String) throws(GrantStoreError) -> [ArraySlice<UInt8>] {
        guard unsafe access(path, F_OK) == 0 else { return [] }
        let bytes = try FileHandle.open(path, O_RDONLY).readAll()
        guard let end = bytes.lastIndex(of: 0x0a) else { return [] }
        return bytes[..<end].split(separator: 0x0a)
    }

    static var reason: String { unsafe String(cString: strerror(errno)) }
}

/// An open file, closed when nobody refers to it any more.
private final class FileHandle: Sendable {
    let descriptor: Int32

    private init(_ descriptor: Int32) { self.descriptor = descriptor }
    deinit { close(descriptor) }

    /// New files are for the owner alone: they hold private keys.
    static func open(_ path: String, _ flags: Int32) throws(GrantStoreError) -> FileHandle {
        let descriptor = unsafe Glibc.open(path, flags | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .failed("\(path) can't be opened: \(Journal.reason)") }
        return FileHandle(descriptor)
    }

    func append(_ bytes: [UInt8]) throws(GrantStoreError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .failed("the journal can't be written: \(Journal.reason)") }
            rest = rest.dropFirst(count)
        }
    }

    func truncate(to size: Int) {
        // The next write begins at the end, because the file is open for appending.
        _ = ftruncate(descriptor, size)
    }

    func synchronise() throws(GrantStoreError) {
        guard fsync(descriptor) == 0 else { throw .failed("the journal can't be brought to the disk: \(Journal.reason)") }
    }

    func readAll() throws(GrantStoreError) -> [UInt8] {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            let count = unsafe read(descriptor, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .failed("the journal can't be read: \(Journal.reason)") }
            if count == 0 { return bytes }
            bytes += piece[..<count]
        }
    }
}
