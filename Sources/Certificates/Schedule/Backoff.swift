/// How long is waited after failures in a row: four times longer with each, because authorities count failed tries (Let's
/// Encrypt allows five an hour for a name). Pure.
enum Backoff {
    static let first = 10
    static let longest = 6 * 3600

    /// Seconds until the next try.
    ///
    /// - Parameters:
    ///   - failures: in a row, at least one.
    ///   - retryAfter: what the authority has asked for, which is kept to, for up to a day.
    ///   - fraction: from 0 to 1; spreads the tries over a fifth.
    static func delay(failures: Int, retryAfter: Int?, fraction: Double) -> Int {
        var delay = first
        for _ in 1..<max(1, min(failures, 16)) { delay = min(delay * 4, longest) }
        let spread = delay + Int(Double(delay) * 0.2 * min(max(fraction, 0), 1))
        return max(spread, min(retryAfter ?? 0, 86_400))
    }
}
