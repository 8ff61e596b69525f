import Primitives
package import Schema

package struct RuntimeSettings: Settings {
    @Setting("Event loops. Left out: one for each core that the process may use.", 1...1024)
    package var threads: Int?

    @Setting("Longest wait for exchanges in flight when stopping.", .zero ... .seconds(3600))
    package var drain: Duration = .seconds(30)

    @Setting(
        "A busy event loop waits up to 200 microseconds, and never longer than a sixteenth of what requests take, so that one read or write carries frames of several HTTP/2 streams. `false` trades CPU time for those microseconds. Read at the start."
    )
    package var batching: Bool = true

    @Setting("Refuse requests with 503 when the gateway itself can't keep up, those of low importance first. Left out: none is refused.")
    package var overload: OverloadSettings?

    package init() {}
}

package struct AdminSettings: Settings {
    @Setting("Address of health, metrics and the admin API. Loopback or a Unix socket: anyone who can reach it may use it.")
    package var address: BindAddress = .ip(.loopback, port: 9180)

    package static var reserved: [String] { ["authentication"] }
    package init() {}
}
