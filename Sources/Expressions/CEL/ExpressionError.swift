/// Why a text is no expression that can be evaluated, and where.
package struct ExpressionError: Error, Sendable, Equatable, CustomStringConvertible {
    /// In bytes of the expression's UTF-8.
    package let offset: Int
    /// Both from 1; the column counts characters (Unicode scalars).
    package let line: Int, column: Int
    package let message: String
    /// What to write instead, where that is known.
    package let remedy: String?
    /// What else is wrong, in the order of the text.
    package internal(set) var others: [ExpressionError] = []

    package var all: [ExpressionError] { [self] + others }

    package var description: String { "\(line):\(column): \(message)" + (remedy.map { "; \($0)" } ?? "") }

    init(_ message: String, at offset: Int, in text: [UInt8], remedy: String? = nil) {
        self.offset = offset
        self.message = message
        self.remedy = remedy
        let before = text[..<Swift.min(offset, text.count)]
        line = 1 + before.count { $0 == 0x0a }
        let start = before.lastIndex(of: 0x0a).map { $0 + 1 } ?? 0
        // Continuation bytes of UTF-8 begin no character.
        column = 1 + before[start...].count { $0 & 0xc0 != 0x80 }
    }
}
