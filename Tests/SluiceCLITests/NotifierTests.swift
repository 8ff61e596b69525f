import Glibc
import Reactor
import Testing

@testable import SluiceCLI

@Suite struct NotifierTests {
    /// A manager's socket: a path in the file system, or an abstract name behind `@`.
    private final class Manager {
        let name: String
        private let handle = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)

        init(abstract: Bool) {
            let unique = "sluice-notify-\(getpid())-\(UInt32.random(in: .min ... .max))"
            name = abstract ? "@\(unique)" : "/tmp/\(unique)"
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            var path = Array(name.utf8)
            if abstract { path[0] = 0 }
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
            let length = socklen_t(2 + path.count + (abstract ? 0 : 1))
            let handle = handle
            let code = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(handle, $0, length) }
            }
            precondition(code == 0)
        }

        deinit {
            close(handle)
            unlink(name)
        }

        /// The next datagram; nil when there is none.
        func receive() -> String? {
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = recv(handle, &bytes, bytes.count, 0)
            return count < 0 ? nil : String(decoding: bytes.prefix(count), as: UTF8.self)
        }
    }

    private func notifier(_ variables: [String: String]) -> Notifier { Notifier(environment: { variables[$0] }, process: 7) }

    @Test(arguments: [false, true]) func tellsTheManager(abstract: Bool) {
        let manager = Manager(abstract: abstract)
        let notifier = notifier(["NOTIFY_SOCKET": manager.name])
        #expect(notifier.isActive)
        #expect(notifier.notify(.ready, .status("serving 3 listeners\nSTOPPING=1")))
        #expect(manager.receive() == "READY=1\nSTATUS=serving 3 listeners STOPPING=1")
        #expect(notifier.notify(.stopping))
        #expect(manager.receive() == "STOPPING=1")
        #expect(notifier.notify(.watchdog))
        #expect(manager.receive() == "WATCHDOG=1")
        #expect(manager.receive() == nil)
    }

    @Test func reloadingCarriesTheTime() {
        #expect(Notifier.text(.reloading, now: Instant(nanoseconds: 12_345_678)) == "RELOADING=1\nMONOTONIC_USEC=12345")
    }

    @Test func doesNothingWhenNobodyAsked() {
        #expect(!notifier([:]).notify(.ready))
        #expect(!notifier(["NOTIFY_SOCKET": "vsock:2:1234"]).isActive)
        #expect(!notifier(["NOTIFY_SOCKET": "@"]).isActive)
        #expect(!notifier(["NOTIFY_SOCKET": "/nonexistent/notify"]).notify(.ready))
        #expect(!notifier(["NOTIFY_SOCKET": "/" + String(repeating: "x", count: 200)]).notify(.ready))
    }

    @Test func theWatchdogIsFedTwiceAsOftenAsItBites() {
        let path = ["NOTIFY_SOCKET": "/run/x"]
        #expect(notifier(path.merging(["WATCHDOG_USEC": "3000000"]) { $1 }).watchdogInterval == .milliseconds(1500))
        #expect(notifier(path.merging(["WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "7"]) { $1 }).watchdogInterval == .milliseconds(1500))
        #expect(notifier(path.merging(["WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "8"]) { $1 }).watchdogInterval == nil)
        #expect(notifier(path.merging(["WATCHDOG_USEC": "soon"]) { $1 }).watchdogInterval == nil)
        #expect(notifier(path.merging(["WATCHDOG_USEC": "18446744073709551615"]) { $1 }).watchdogInterval == nil)
        #expect(notifier(path).watchdogInterval == nil)
    }
}
