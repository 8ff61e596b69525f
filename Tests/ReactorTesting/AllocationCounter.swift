import Glibc

/// Counts the objects that Swift code allocates on one thread: class instances, array and closure storage.
///
/// The runtime has a place to put another allocator in, meant for Instruments. Memory that is asked of `malloc` directly
/// is not seen.
package enum AllocationCounter {
    fileprivate typealias Allocate = @convention(c) (UnsafeRawPointer?, Int, Int) -> UnsafeMutableRawPointer?

    /// Calls `body`, which counts what happens within the calls of its argument; nil where the runtime has no such place.
    package static func count(_ body: (_ counted: (() -> Void) -> Void) -> Void) -> Int? {
        guard let allocate = dlsym(nil, "_swift_allocObject"),
            let isEnabled = dlsym(nil, "_swift_enableSwizzlingOfAllocationAndRefCountingFunctions_forInstrumentsOnly")
        else { return nil }
        let place = allocate.assumingMemoryBound(to: Allocate.self), flag = isEnabled.assumingMemoryBound(to: Bool.self)
        (original, counted, isCounting, thread) = (place.pointee, 0, false, pthread_self())
        let before = flag.pointee
        place.pointee = { metadata, size, alignment in
            if isCounting, pthread_equal(pthread_self(), thread) != 0 { counted += 1 }
            return original?(metadata, size, alignment)
        }
        flag.pointee = true
        body { work in
            isCounting = true
            work()
            isCounting = false
        }
        flag.pointee = before
        place.pointee = original!
        return counted
    }
}

// One counter at a time; only its own thread writes while it counts.
nonisolated(unsafe) private var original: AllocationCounter.Allocate?
nonisolated(unsafe) private var counted = 0
nonisolated(unsafe) private var isCounting = false
nonisolated(unsafe) private var thread = pthread_t()
