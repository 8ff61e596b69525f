import ArgumentParser
import Primitives

struct LimitsCountersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "counters", abstract: "Lists the counters of quotas: their totals, and when they end.")

    @OptionGroup var options: LimitsOptions
    @Argument(help: "Only those whose key begins so.") var prefix: String = ""

    func run() throws {
        try options.show(
            "/api/v1/limits/counters", [("prefix", prefix)], head: ["key", "store", "total", "ends (seconds since 1970)"],
            { answer in
                (answer["counters"]?.array ?? []).map { counter in
                    [
                        counter["key"]?.string ?? "", counter["store"]?.string ?? "", "\(counter["total"]?.int ?? 0)", "\(counter["ends"]?.int ?? 0)",
                    ]
                }
            }, none: "There are no counters.")
    }
}
