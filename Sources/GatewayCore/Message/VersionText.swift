/// Versions of HTTP as they are written.
package enum VersionText {
    /// As access logs have it.
    package static func name(major: UInt8, minor: UInt8) -> StaticString {
        if major == 2 { return "HTTP/2.0" }
        return minor == 0 ? "HTTP/1.0" : "HTTP/1.1"
    }

    /// A member of `Via` (RFC 9110 §7.6.3).
    package static func via(major: UInt8, minor: UInt8) -> StaticString {
        if major == 2 { return "2 sluice" }
        return minor == 0 ? "1.0 sluice" : "1.1 sluice"
    }
}
