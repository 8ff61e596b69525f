package import Primitives

/// What an `Authorization` field of the scheme `Basic` says (RFC 7617).
package struct BasicCredentials: Equatable, Sendable {
    /// Where the two stand in the scratch buffer, counted from its first byte not consumed.
    package let user: Range<Int>
    package let password: Range<Int>

    /// Reads a field value, without white space around it, and appends what it encodes to `scratch`.
    ///
    /// Nil, with nothing appended: another scheme, anything but strict Base64 with its padding, no colon, or a control
    /// character in user or password (§2). Either may be empty; the password may hold colons. Bytes above ASCII are left as
    /// they are: a client may send UTF-8 or an older encoding.
    package static func parse(_ value: ByteView, into scratch: ByteBuffer) -> BasicCredentials? {
        let scheme: StaticString = "basic"
        var start = scheme.utf8CodeUnitCount
        guard value.prefix(start).equalsIgnoringCase(scheme), value.count > start, value[start] == 0x20 else { return nil }
        while start < value.count, value[start] == 0x20 { start += 1 }
        let before = scratch.count
        guard Base64.decode(value.dropFirst(start), into: scratch) else { return nil }
        let decoded = scratch.view(before..<scratch.count)
        guard let colon = decoded.firstIndex(of: UInt8(ascii: ":")), !hasControls(decoded) else {
            scratch.truncate(to: before)
            return nil
        }
        return BasicCredentials(user: before..<before + colon, password: before + colon + 1..<scratch.count)
    }

    private static func hasControls(_ bytes: ByteView) -> Bool {
        for i in 0..<bytes.count where bytes[i] < 0x20 || bytes[i] == 0x7f { return true }
        return false
    }
}
