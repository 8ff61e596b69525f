import ArgumentParser
import Primitives

struct LimitsResetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "reset", abstract: "Lets a caller of a limit, or a counter of a quota, begin anew.")

    @OptionGroup var options: LimitsOptions
    @Argument(help: "The limit, as `sluice limits` lists it: route/orders/list/rate-limit.") var name: String
    @Argument(help: "Who is counted: one argument for each part of the key; a route has two, its API and its name.") var key: [String] = []

    @Flag(help: "NAME is the key of a counter, as `sluice limits counters` lists it.") var counter = false

    func run() throws {
        if counter {
            return try options.show(
                "/api/v1/limits/counters", method: "DELETE", [("key", name)], head: [], { _ in [] }, none: "The counter begins anew.")
        }
        try options.show(
            "/api/v1/limits", method: "DELETE", [("name", name)] + key.map { ("key", $0) }, head: ["limit", "window", "remaining", "more in"],
            { answer in
                (answer["windows"]?.array ?? []).map { window in
                    [
                        "\(window["limit"]?.int ?? 0)", LimitsOptions.seconds(window["windowSeconds"]), "\(window["remaining"]?.int ?? 0)",
                        LimitsOptions.seconds(window["resetSeconds"]),
                    ]
                }
            }, none: "The limit has no windows.")
    }
}
