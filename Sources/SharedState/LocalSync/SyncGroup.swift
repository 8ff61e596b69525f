internal import Reactor
internal import Synchronization

/// The gateways that share limits, as one of them sees it.
struct SyncGroup: Equatable, Sendable {
    /// Those that take part, this one included.
    var present = 1
    /// Those that have vanished, and may be spending somewhere.
    var missing = 0

    var isAlone: Bool { present <= 1 && missing == 0 }

    /// One of a share, in the arithmetic of weights.
    static let whole: UInt64 = 1 << 32

    /// What a gateway that has not asked for more may spend of what is left: half of an even share. The other half is for those who ask.
    var quietWeight: UInt64 { present <= 1 ? SyncGroup.whole : SyncGroup.whole / UInt64(2 * present) }

    /// What each of `active` gateways may spend of what is left. With the quiet weight of all others it makes one whole at most.
    func activeWeight(_ active: Int) -> UInt64 {
        let active = min(max(1, active), max(1, present))
        return (SyncGroup.whole - UInt64(max(0, present - active)) * quietWeight) / UInt64(active)
    }

    /// Of `limit`, what those who are missing may be spending.
    func reserve(of limit: UInt64) -> UInt64 {
        missing <= 0 ? 0 : (limit &* UInt64(missing) &+ UInt64(present &+ missing &- 1)) / UInt64(max(1, present &+ missing))
    }
}

/// The group as all event loops see it.
final class SyncGroupCell: Sendable {
    private let packed = Atomic<UInt64>(1)
    private let generations = Atomic<UInt64>(0)
    private let first = Atomic<UInt64>(LimitKey.Secret.ofProcess.first)
    private let second = Atomic<UInt64>(LimitKey.Secret.ofProcess.second)
    private let pauseLength = Atomic<UInt64>(.milliseconds(200))

    var group: SyncGroup {
        get {
            let packed = packed.load(ordering: .relaxed)
            return SyncGroup(present: Int(packed & 0xffff), missing: Int(packed >> 16 & 0xffff))
        }
        set { packed.store(UInt64(UInt16(clamping: newValue.present)) | UInt64(UInt16(clamping: newValue.missing)) << 16, ordering: .relaxed) }
    }

    /// Tells what is counted anew from what was counted before, whoever counts.
    func nextGeneration() -> UInt64 { generations.add(1, ordering: .relaxed).newValue }

    /// What keys are hashed with.
    var secret: LimitKey.Secret {
        get { LimitKey.Secret(first.load(ordering: .relaxed), second.load(ordering: .relaxed)) }
        set {
            first.store(newValue.first, ordering: .relaxed)
            second.store(newValue.second, ordering: .relaxed)
        }
    }

    /// When to try again after a refusal because this gateway's share is spent: about as long as it takes to get more.
    var pause: Nanoseconds {
        get { pauseLength.load(ordering: .relaxed) }
        set { pauseLength.store(newValue, ordering: .relaxed) }
    }
}
