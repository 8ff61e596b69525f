import ArgumentParser
import GatewayCore
import Primitives
import Schema

struct LimitsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limits", abstract: "Lists the limits of a running gateway, shows what a caller has left, and lets callers begin anew.",
        discussion: "Asks the gateway's admin address. What gateways count together on a server is shown, and reset, for all of them.",
        subcommands: [LimitsListCommand.self, LimitsShowCommand.self, LimitsResetCommand.self, LimitsCountersCommand.self],
        defaultSubcommand: LimitsListCommand.self)
}

enum LimitsFormat: String, ExpressibleByArgument, CaseIterable { case text, json }

/// Which gateway is asked, and how its answer is shown.
struct LimitsOptions: ParsableArguments {
    @OptionGroup var source: ConfigurationOption
    @Option(help: "The admin address of the gateway; by default the configuration's.") var admin: String?
    @Option(help: "text or json.") var format = LimitsFormat.text

    /// Prints the gateway's answer: as it is, or the rows that `rows` makes of it.
    ///
    /// - Parameter query: names and values, which need not be encoded.
    func show(
        _ path: String, method: String = "GET", _ query: [(String, String)] = [], head: [String], _ rows: (JSON) -> [[String]], none: String
    ) throws {
        let target = path + (query.isEmpty ? "" : "?" + query.map { "\($0)=\(LimitsOptions.encoded($1))" }.joined(separator: "&"))
        let response = try AdminClient(source: source, admin: admin).ask(target, method: method)
        guard let answer = try? JSON.parse(response.body) else { throw Failure("The gateway's answer makes no sense.") }
        guard response.status == 200 else { throw Failure(answer["detail"]?.string ?? "The gateway answers \(response.status).") }
        switch format {
        case .json: Console.output(String(decoding: response.body, as: UTF8.self))
        case .text:
            let rows = rows(answer)
            Console.output(rows.isEmpty ? none : LimitsOptions.table(head, rows))
        }
    }

    private static func encoded(_ text: String) -> String {
        let out = ByteBuffer()
        out.append(text: text)
        out.percentEncode(from: 0)
        return out.view.string
    }

    private static func table(_ head: [String], _ rows: [[String]]) -> String {
        let widths = head.indices.map { column in ([head] + rows).map { $0[column].count }.max() ?? 0 }
        func line(_ cells: [String]) -> String {
            let padded = zip(cells, widths).map { $0 + String(repeating: " ", count: max(0, $1 - $0.count)) }.joined(separator: "  ")
            return String(padded.reversed().drop { $0 == " " }.reversed())
        }
        return ([Console.style.dim(line(head))] + rows.map(line)).joined(separator: "\n")
    }

    /// `60 s`, `0.5 s`.
    static func seconds(_ value: JSON?) -> String {
        guard let value = value?.double else { return "" }
        return value == value.rounded() ? "\(Int(value)) s" : "\((value * 1000).rounded() / 1000) s"
    }
}
