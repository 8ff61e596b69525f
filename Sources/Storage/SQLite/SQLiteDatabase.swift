private import CSQLite
private import Glibc

/// A connection to a database in a file. For one thread at a time.
@safe
package final class SQLiteDatabase {
    private let handle: OpaquePointer
    package let path: String

    /// Opens the file, or makes it, readable for this user alone.
    package init(path: String) throws(SQLiteError) {
        let file = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw SQLiteError(code: SQLITE_CANTOPEN, message: "can't open \(path): \(unsafe String(cString: strerror(errno)))") }
        close(file)
        var opened: OpaquePointer?
        // Its owner sees to it that threads take turns.
        let code = unsafe sqlite3_open_v2(path, &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nil)
        guard code == SQLITE_OK, let handle = unsafe opened else {
            unsafe sqlite3_close_v2(opened)
            throw SQLiteError(code: code, message: "can't open \(path): \(unsafe String(cString: sqlite3_errstr(code)))")
        }
        unsafe self.handle = handle
        self.path = path
        unsafe sqlite3_extended_result_codes(handle, 1)
        // Somebody else may be writing.
        unsafe sqlite3_busy_timeout(handle, 2000)
        // Readers never wait for a writer; what was committed survives the process, and all but the last moment before a power failure.
        try execute("PRAGMA journal_mode = WAL")
        try execute("PRAGMA synchronous = NORMAL")
        try execute("PRAGMA foreign_keys = ON")
    }

    deinit { unsafe sqlite3_close_v2(handle) }

    /// Runs statements that answer nothing.
    package func execute(_ sql: String) throws(SQLiteError) {
        try check(unsafe sqlite3_exec(handle, sql, nil, nil, nil))
    }

    package func prepare(_ sql: String) throws(SQLiteError) -> SQLiteStatement {
        var statement: OpaquePointer?
        try check(unsafe sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil))
        guard let statement = unsafe statement else { throw SQLiteError(code: SQLITE_MISUSE, message: "there is no statement in the text") }
        return unsafe SQLiteStatement(statement, of: self)
    }

    /// All of `body`, or nothing of it.
    package func transaction<Result>(_ body: () throws(SQLiteError) -> Result) throws(SQLiteError) -> Result {
        try execute("BEGIN IMMEDIATE")
        do throws(SQLiteError) {
            let result = try body()
            try execute("COMMIT")
            return result
        } catch {
            try? execute("ROLLBACK")
            throw error
        }
    }

    /// Rows that the last statement has changed.
    package var changes: Int { Int(unsafe sqlite3_changes(handle)) }

    func check(_ code: Int32) throws(SQLiteError) {
        guard code == SQLITE_OK else { throw error(code) }
    }

    func error(_ code: Int32) -> SQLiteError { SQLiteError(code: code, message: unsafe String(cString: sqlite3_errmsg(handle))) }
}

extension SQLiteDatabase {
    /// Brings the tables to the newest version: each step is done once, in order, and noted in `user_version`.
    package func migrate(_ steps: [String]) throws(SQLiteError) {
        try transaction { () throws(SQLiteError) in
            let query = try prepare("PRAGMA user_version")
            let version = try query.step() ? Int(query.integer(0)) : 0
            query.reset()
            guard version <= steps.count else {
                throw SQLiteError(code: SQLITE_MISMATCH, message: "\(path) belongs to a newer version of this program")
            }
            for step in steps[version...] { try execute(step) }
            try execute("PRAGMA user_version = \(steps.count)")
        }
    }
}
