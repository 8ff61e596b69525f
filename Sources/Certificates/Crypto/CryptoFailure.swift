internal import COpenSSL

/// Something that libcrypto could not do, in its own words.
struct CryptoFailure: Error, Equatable, Sendable, CustomStringConvertible {
    let description: String

    /// Takes the reason from the thread's queue of errors, which is empty afterwards.
    init(_ what: String) {
        let code = ERR_get_error()
        ERR_clear_error()
        let reason = unsafe ERR_reason_error_string(code).map { unsafe String(cString: $0) }
        description = reason.map { "\(what): \($0)" } ?? what
    }
}
