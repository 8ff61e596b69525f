/// The order of candidates of one host, in one number: priority in the upper half, the path's rank in the lower.
/// Candidates of equal key are ordered by the walk (the literal further left first) and inside a group by conditions and place.
enum RouteRank {
    /// What a later, less specific host must exceed: only a higher priority does.
    static let pathMask: UInt64 = 0xffff_ffff

    static func key(priority: Int32, path: UInt32) -> UInt64 {
        UInt64(UInt32(bitPattern: priority) ^ 0x8000_0000) << 32 | UInt64(path)
    }

    static let exact: UInt32 = 3 << 30

    static func template(literals: Int) -> UInt32 { 2 << 30 | UInt32(literals) }

    /// Prefixes, by segments. A regular expression, and a rule without a path, are prefixes as long as their base path that
    /// come after the written ones of that length.
    static func open(_ kind: Open, segments: Int, literals: Int) -> UInt32 {
        1 << 30 | UInt32(segments) << 16 | UInt32(kind.rawValue) << 8 | UInt32(literals)
    }

    enum Open: UInt8 {
        case any, regex, prefix
    }
}
