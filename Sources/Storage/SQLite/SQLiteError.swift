/// What SQLite says is wrong. Never holds a value.
package struct SQLiteError: Error, Sendable, CustomStringConvertible {
    /// https://www.sqlite.org/rescode.html
    package let code: Int32
    package let message: String

    package var description: String { "SQLite: \(message) (\(code))" }
}
