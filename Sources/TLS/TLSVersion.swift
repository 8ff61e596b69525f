/// Versions of the protocol that are spoken here. Older ones are not secure any more (RFC 8996).
package enum TLSVersion: UInt8, Sendable, Comparable {
    case tls12, tls13

    package static func < (a: TLSVersion, b: TLSVersion) -> Bool { a.rawValue < b.rawValue }
}
