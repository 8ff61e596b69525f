private import CSQLite

/// What a column can hold.
package enum SQLiteValue: Equatable, Sendable {
    case null
    case integer(Int64)
    case text(String)
    case blob([UInt8])
}

/// A statement that is prepared once and run again and again. For the thread of its database.
@safe
package final class SQLiteStatement {
    private let handle: OpaquePointer
    private let database: SQLiteDatabase

    init(_ handle: OpaquePointer, of database: SQLiteDatabase) {
        unsafe self.handle = handle
        self.database = database
    }

    deinit { unsafe sqlite3_finalize(handle) }

    /// Binds the parameters, in order, for a run that begins with the next `step`.
    package func bind(_ values: [SQLiteValue]) throws(SQLiteError) {
        reset()
        for (i, value) in values.enumerated() {
            let place = Int32(truncatingIfNeeded: i + 1)
            let code =
                switch value {
                case .null: unsafe sqlite3_bind_null(handle, place)
                case .integer(let number): unsafe sqlite3_bind_int64(handle, place, number)
                case .text(let text): unsafe sluice_sqlite3_bind_text(handle, place, text, Int32(clamping: text.utf8.count))
                case .blob(let bytes): unsafe sluice_sqlite3_bind_blob(handle, place, bytes, Int32(clamping: bytes.count))
                }
            try database.check(code)
        }
    }

    /// Whether there is another row.
    package func step() throws(SQLiteError) -> Bool {
        switch unsafe sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code:
            let error = database.error(code)
            reset()
            throw error
        }
    }

    /// Runs it to its end.
    package func run(_ values: [SQLiteValue]) throws(SQLiteError) {
        try bind(values)
        while try step() {}
        reset()
    }

    /// Ends the run, and lets go of what it held.
    package func reset() { unsafe sqlite3_reset(handle) }

    // MARK: Columns of the row, from 0

    package func isNull(_ column: Int32) -> Bool { unsafe sqlite3_column_type(handle, column) == SQLITE_NULL }
    package func integer(_ column: Int32) -> Int64 { unsafe sqlite3_column_int64(handle, column) }

    package func text(_ column: Int32) -> String {
        guard let bytes = unsafe sqlite3_column_text(handle, column) else { return "" }
        let count = Int(unsafe sqlite3_column_bytes(handle, column))
        return unsafe String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
    }

    package func blob(_ column: Int32) -> [UInt8] {
        guard let bytes = unsafe sqlite3_column_blob(handle, column) else { return [] }
        return unsafe Array(UnsafeRawBufferPointer(start: bytes, count: Int(sqlite3_column_bytes(handle, column))))
    }
}
