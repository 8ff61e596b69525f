import ArgumentParser
import Primitives

struct LimitsShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Shows what a caller has left of each window of a limit.")

    @OptionGroup var options: LimitsOptions
    @Argument(help: "The limit, as `sluice limits` lists it: route/orders/list/rate-limit.") var name: String
    @Argument(help: "Who is counted: one argument for each part of the key; a route has two, its API and its name.") var key: [String] = []

    func run() throws {
        try options.show(
            "/api/v1/limits", method: "GET", [("name", name)] + key.map { ("key", $0) }, head: ["limit", "window", "remaining", "more in"],
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
