package import Schema

/// A `LimitQueue`, as a setting.
package struct LimitQueueSettings: Settings {
    @Setting("Requests of one key that wait at a time; others are refused.", 1...100_000)
    package var size: Int = 100

    @Setting("The longest that a request waits. Who would have to wait for longer is refused.", .milliseconds(1) ... .seconds(3600))
    package var longest: Duration = .seconds(1)

    package init() {}
}
