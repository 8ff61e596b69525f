/// Keys for others than this target: made and read so that they lie in no core dump.
package enum SecureKeys {
    /// Keys that are made or read from now on live in such memory.
    package static func prepare() { SecureMemory.prepare() }

    /// An `EVP_PKEY`, which the caller frees, from a PEM file.
    package static func read(_ path: String) throws(TLSError) -> OpaquePointer {
        prepare()
        return unsafe try PEMFile.privateKey(path)
    }
}
