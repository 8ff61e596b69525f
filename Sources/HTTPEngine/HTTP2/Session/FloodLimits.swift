import CNghttp2
import Reactor

/// Frames that cost their sender little and their receiver work (RFC 9113 §10.5), each kind with its own bound. A peer that
/// goes beyond one is told to calm down, and loses its connection.
struct FloodLimits {
    private var resets: FrameBudget
    private var settings: FrameBudget
    private var pings: FrameBudget
    private var windowUpdates: FrameBudget
    private var priorities: FrameBudget
    private var emptyFrames: FrameBudget

    /// Most CONTINUATION frames of one head: twice as many as `limits.headerBytes` can need, because the session counts a
    /// frame again for each read that begins within the nine bytes of its head.
    static let continuations = 128

    /// What a peer has sent too much of.
    enum Flood: String {
        /// Streams opened and cancelled at once (CVE-2023-44487).
        case rapidReset = "rapid_reset"
        /// CVE-2019-9515.
        case settings
        /// CVE-2019-9512.
        case ping
        case windowUpdate = "window_update"
        /// CVE-2019-9513.
        case priority
        /// DATA without bytes, and without an end (CVE-2019-9518).
        case emptyFrames = "empty_frames"
        /// CVE-2024-24549 and its kin: a head that never ends.
        case continuation
    }

    /// A frame as far as it matters here.
    struct Frame {
        var type: UInt8
        var flags: UInt8
        var length: Int
    }

    init(now: Instant) {
        resets = FrameBudget(burst: 200, perSecond: 50, now: now)
        settings = FrameBudget(burst: 32, perSecond: 4, now: now)
        pings = FrameBudget(burst: 64, perSecond: 10, now: now)
        // One for each DATA frame, for stream and connection, is what a busy download brings.
        windowUpdates = FrameBudget(burst: 20_000, perSecond: 20_000, now: now)
        priorities = FrameBudget(burst: 400, perSecond: 100, now: now)
        emptyFrames = FrameBudget(burst: 64, perSecond: 10, now: now)
    }

    /// Takes note of a frame that came; what it is too much of.
    mutating func received(_ frame: Frame, now: Instant) -> Flood? {
        let isAnswer = frame.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0
        switch UInt32(frame.type) {
        case NGHTTP2_RST_STREAM.rawValue: return resets.spend(now: now) ? nil : .rapidReset
        case NGHTTP2_SETTINGS.rawValue: return isAnswer || settings.spend(now: now) ? nil : .settings
        case NGHTTP2_PING.rawValue: return isAnswer || pings.spend(now: now) ? nil : .ping
        case NGHTTP2_WINDOW_UPDATE.rawValue: return windowUpdates.spend(now: now) ? nil : .windowUpdate
        case NGHTTP2_PRIORITY.rawValue, NGHTTP2_PRIORITY_UPDATE.rawValue: return priorities.spend(now: now) ? nil : .priority
        case NGHTTP2_DATA.rawValue:
            let isUseful = frame.length > 0 || frame.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
            return isUseful || emptyFrames.spend(now: now) ? nil : .emptyFrames
        default: return nil
        }
    }
}
