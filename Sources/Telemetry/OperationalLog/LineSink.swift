private import Glibc
import Primitives
private import Reactor
private import Synchronization

/// A descriptor that takes lines, one at a time.
package final class LineSink: Sendable {
    private let handle: Int32
    private let turn = Mutex(())

    package init(handle: Int32) { self.handle = handle }

    package static let standardError = LineSink(handle: STDERR_FILENO)

    /// Colours make sense; see no-color.org.
    var isTerminal: Bool { unsafe isatty(handle) == 1 && getenv("NO_COLOR") == nil }

    /// Writes the bytes; what the descriptor refuses is lost.
    func write(_ bytes: ByteView) {
        turn.withLock { _ in
            var rest = bytes
            while !rest.isEmpty {
                let count = unsafe Glibc.write(handle, rest.buffer.baseAddress, rest.count)
                if count < 0, errno == EINTR { continue }
                if count <= 0 { return }
                rest = rest.dropFirst(count)
            }
        }
    }
}
