private import CLinux
private import Glibc
package import Reactor

/// Tells the service manager how the gateway is doing (sd_notify(3)). Does nothing when nobody asked to be told.
package struct Notifier: Sendable {
    package enum Message: Sendable, Equatable {
        /// Start or reload is complete.
        case ready
        /// A reload begins; `ready` ends it.
        case reloading
        case stopping
        /// Another process is the service from now on.
        case mainProcess(Int32)
        /// One line for `systemctl status`.
        case status(String)
        /// Still alive; due at least every `watchdogInterval`.
        case watchdog
    }

    /// Where messages go: a path, or an abstract name as `@name`; nil: nowhere.
    private let socketPath: String?
    /// How often `watchdog` must be sent: half the time that the manager waits; nil when it does not watch.
    package let watchdogInterval: Nanoseconds?

    /// Reads `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID`.
    package init(environment: (String) -> String? = Environment.value, process: Int32 = getpid()) {
        let path = environment("NOTIFY_SOCKET") ?? ""
        socketPath = (path.hasPrefix("/") || path.hasPrefix("@")) && path.utf8.count > 1 ? path : nil
        let isForUs = environment("WATCHDOG_PID").map { Int32($0) == process } ?? true
        let (half, overflow) = (environment("WATCHDOG_USEC").flatMap { UInt64($0) } ?? 0).multipliedReportingOverflow(by: 500)
        watchdogInterval = isForUs && socketPath != nil && half > 0 && !overflow ? half : nil
    }

    /// Whether somebody wants to be told.
    package var isActive: Bool { socketPath != nil }

    /// Sends the messages together, in one datagram. False: nobody listens, or the message did not get there.
    @discardableResult package func notify(_ messages: Message...) -> Bool {
        guard let socketPath else { return false }
        let text = messages.map { Notifier.text($0, now: .now) }.joined(separator: "\n")
        return Notifier.send(text, to: socketPath)
    }

    /// The assignments of a message. `RELOADING` carries the monotonic time at which the reload began, so that the
    /// manager can tell an old `READY` from the one that follows.
    static func text(_ message: Message, now: Instant) -> String {
        switch message {
        case .ready: "READY=1"
        case .reloading: "RELOADING=1\nMONOTONIC_USEC=\(now.nanoseconds / 1000)"
        case .stopping: "STOPPING=1"
        case .mainProcess(let process): "MAINPID=\(process)"
        case .status(let line): "STATUS=" + line.map { $0.isNewline ? " " : String($0) }.joined()
        case .watchdog: "WATCHDOG=1"
        }
    }

    private static func send(_ text: String, to path: String) -> Bool {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var name = Array(path.utf8)
        let isAbstract = name.first == UInt8(ascii: "@")
        if isAbstract { name[0] = 0 }
        guard name.count < MemoryLayout.size(ofValue: address.sun_path) else { return false }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let handle = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard handle >= 0 else { return false }
        defer { close(handle) }
        // The length says where an abstract name ends; a path ends with its zero.
        let length = MemoryLayout<sa_family_t>.size + name.count + (isAbstract ? 0 : 1)
        let bytes = Array(text.utf8)
        let sent = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(handle, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0, socklen_t(length))
            }
        }
        return sent == bytes.count
    }
}
