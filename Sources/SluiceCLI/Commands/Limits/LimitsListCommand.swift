import ArgumentParser
import Primitives

struct LimitsListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the limits: where they stand, how they count, their windows.")

    @OptionGroup var options: LimitsOptions

    func run() throws {
        try options.show(
            "/api/v1/limits", head: ["name", "store", "algorithm", "windows", "keys"],
            { answer in
                (answer["limits"]?.array ?? []).map { limit in
                    let windows = (limit["windows"]?.array ?? []).map { "\($0["limit"]?.int ?? 0) in \(LimitsOptions.seconds($0["windowSeconds"]))" }
                    return [
                        limit["name"]?.string ?? "", limit["store"]?.string ?? "", limit["algorithm"]?.string ?? "",
                        windows.joined(separator: ", "), limit["keys"]?.int.map(String.init) ?? "",
                    ]
                }
            }, none: "There are no limits.")
    }
}
