internal import COpenSSL
import Glibc

/// A file of certificates, read one by one.
@safe
final class PEMFile {
    private let file: OpaquePointer

    init(_ path: String) throws(TLSError) {
        ErrorQueue.clear()
        guard let file = unsafe BIO_new_file(path, "r") else { throw PEMFile.unreadable(path, errno) }
        unsafe self.file = unsafe file
    }

    deinit { unsafe BIO_free(file) }

    /// The next certificate, which the caller frees; nil behind the last.
    func nextCertificate() -> OpaquePointer? {
        defer { ErrorQueue.clear() }
        return unsafe PEM_read_bio_X509(file, nil, PEMFile.noPassword, nil)
    }

    /// The key of a file; it never lies in memory that a core dump has.
    static func privateKey(_ path: String) throws(TLSError) -> OpaquePointer {
        let text = try contents(path)
        ErrorQueue.clear()
        guard let source = unsafe BIO_new_mem_buf(text.bytes.baseAddress, Int32(clamping: text.bytes.count)) else {
            throw TLSError("no memory for \(path)")
        }
        defer { unsafe BIO_free(source) }
        guard let key = unsafe PEM_read_bio_PrivateKey(source, nil, noPassword, nil) else {
            ErrorQueue.clear()
            throw TLSError(
                "\(path) has no private key that can be read", remedy: "it must be PEM without a password, such as `openssl pkey` writes")
        }
        return unsafe key
    }

    /// The bytes of a small file.
    static func bytes(_ path: String, as what: String) throws(TLSError) -> [UInt8] {
        let text = try contents(path)
        guard unsafe !text.bytes.isEmpty else { throw TLSError("\(path) is empty", remedy: "an \(what) is expected") }
        return unsafe Array(text.bytes)
    }

    /// A small file, in memory for keys.
    static func contents(_ path: String) throws(TLSError) -> SecureMemory {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unreadable(path, errno) }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw unreadable(path, errno) }
        guard status.st_mode & S_IFMT == S_IFREG, status.st_size <= 256 << 10 else {
            throw TLSError("\(path) is no small file", remedy: "name a file in PEM")
        }
        guard let memory = SecureMemory(count: status.st_size) else { throw TLSError("no memory for \(path)") }
        var at = 0
        while at < status.st_size {
            let count = unsafe read(descriptor, memory.bytes.baseAddress.map { unsafe $0 + at }, status.st_size - at)
            guard count > 0 else { throw unreadable(path, count < 0 ? errno : EIO) }
            at += count
        }
        return memory
    }

    static func unreadable(_ path: String, _ code: Int32) -> TLSError {
        let remedy =
            switch code {
            case ENOENT: "relative names begin at the folder of the configuration file"
            case EACCES: "the user that the gateway runs as must be allowed to read it"
            default: "check the file"
            }
        return TLSError("can't read \(path) (\(unsafe String(cString: strerror(code))))", remedy: remedy)
    }

    /// Nobody is asked for a password.
    static let noPassword: @convention(c) (UnsafeMutablePointer<CChar>?, Int32, Int32, UnsafeMutableRawPointer?) -> Int32 = { _, _, _, _ in -1 }
}
