internal import Reactor

/// Work that blocks, on a thread of its own: for the few things that happen once in days.
enum Offload {
    static func run(_ work: @escaping @Sendable () throws(ACMEError) -> Void) async throws(ACMEError) {
        let outcome: ACMEError? = await withCheckedContinuation { continuation in
            do throws(SystemError) {
                try LoopThread.start("acme-challenge") {
                    do throws(ACMEError) {
                        try work()
                        continuation.resume(returning: nil)
                    } catch {
                        continuation.resume(returning: error)
                    }
                }.detach()
            } catch {
                continuation.resume(returning: .local("no thread can be started: \(error)"))
            }
        }
        if let outcome { throw outcome }
    }
}
