internal import COpenSSL

/// Why a context can't be made: what is wrong and, where it is known, what helps.
package struct TLSError: Error, Equatable, Sendable, CustomStringConvertible {
    package let message: String
    package let remedy: String?

    package init(_ message: String, remedy: String? = nil) {
        self.message = message
        self.remedy = remedy
    }

    package var description: String { remedy.map { "\(message): \($0)" } ?? message }
}

/// The thread's queue of errors of OpenSSL.
enum ErrorQueue {
    static func clear() { ERR_clear_error() }

    /// What went wrong first, in OpenSSL's words; the queue is empty afterwards.
    static func take() -> (code: Int32, text: String) {
        let error = ERR_get_error()
        ERR_clear_error()
        guard error != 0 else { return (0, "failed") }
        let text = unsafe ERR_reason_error_string(error).map { unsafe String(cString: $0) }
        return (Int32(truncatingIfNeeded: error & 0x7f_ffff), text ?? "error \(String(error, radix: 16))")
    }
}
