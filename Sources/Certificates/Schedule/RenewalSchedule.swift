/// When a certificate is renewed. Pure; all times are seconds since 1970.
///
/// The authority's window counts where it names one (RFC 9773 §4.2); otherwise a share of the certificate's life. Each
/// certificate has a random number of its own that picks the moment, so that a fleet of certificates is not renewed all at
/// once, and all gateways that share a store come to the same moment.
struct RenewalSchedule: Equatable, Sendable {
    var notBefore: Int64
    var notAfter: Int64
    var window: ClosedRange<Int64>?
    /// From 0 to 1.
    var fraction: Double

    func renewal(_ settings: RenewalSettings) -> Int64 {
        if settings.asksAuthority, let window { return RenewalSchedule.pick(window, fraction) }
        let life = Double(notAfter - notBefore)
        let share = min(1, settings.share + settings.jitter * (fraction - 0.5))
        return notBefore + Int64(life * share)
    }

    private static func pick(_ window: ClosedRange<Int64>, _ fraction: Double) -> Int64 {
        let (length, isHuge) = window.upperBound.subtractingReportingOverflow(window.lowerBound)
        return isHuge ? window.lowerBound : window.lowerBound + Int64(Double(length) * min(max(fraction, 0), 1))
    }

    func isDue(_ settings: RenewalSettings, now: Int64) -> Bool { now >= renewal(settings) }
}
