import ArgumentParser
import DataPlane
import GatewayCore
import Glibc
import Identity
import Model
import PolicyKit
import Schema
import Storage

struct KeysListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the credentials of the file and of the database: never the keys, only what they are called.")

    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

    @OptionGroup var database: DatabaseOption
    @Option(help: "Only those of this consumer.") var consumer: String?
    @Option(help: "text or json.") var format = Format.text

    private struct Row {
        let id, kind, consumer, application, plans, place, expires, state: String
        var cells: [String] { [id, kind, consumer, application, plans, place, expires, state] }
    }

    func run() throws {
        let now = time(nil)
        let configuration = try database.load()
        var rows: [Row] = []
        if let configuration {
            ConsumerCompiler.compile(configuration.consumers).store.forEach { rows.append(row($0, in: "file", isRevoked: false, now: now)) }
        }
        if let path = try database.path(configuration) {
            let stored = try DatabaseOption.withTables(path) { (tables) throws(SQLiteError) in try tables.credentials(of: consumer) }
            rows += stored.map { row($0.record, in: "database", isRevoked: $0.revoked != nil, now: now) }
        }
        if let consumer { rows.removeAll { $0.consumer != consumer } }
        switch format {
        case .text: print(rows)
        case .json:
            Console.output(
                JSONValue.array(rows.map { row in .object(zip(KeysListCommand.titles, row.cells).map { .init($0.lowercased(), .string($1)) }) })
                    .text())
        }
    }

    private static let titles = ["ID", "Kind", "Consumer", "Application", "Plans", "Place", "Expires", "State"]

    private func row(_ record: CredentialRecord, in place: String, isRevoked: Bool, now: Int) -> Row {
        let state = isRevoked ? "revoked" : !record.isEnabled ? "off" : record.counts(at: now) ? "active" : "over"
        return Row(
            id: record.id, kind: record.key.kind.name, consumer: record.consumer.name, application: record.consumer.application ?? "",
            plans: record.consumer.plans.joined(separator: ","), place: place,
            expires: record.expires.map { Moment(seconds: Int64($0)).text } ?? "", state: state)
    }

    private func print(_ rows: [Row]) {
        let table = [KeysListCommand.titles.map { $0.uppercased() }] + rows.map(\.cells)
        let widths = KeysListCommand.titles.indices.map { column in table.map { $0[column].count }.max() ?? 0 }
        for cells in table {
            var line = ""
            for (cell, width) in zip(cells, widths) { line += cell + String(repeating: " ", count: width - cell.count + 2) }
            while line.hasSuffix(" ") { line.removeLast() }
            Console.output(line)
        }
    }
}

extension CredentialKind {
    /// As the configuration calls it.
    fileprivate var name: String {
        switch self {
        case .apiKey: "apiKey"
        case .basic: "basic"
        case .jwtClaim: "jwtClaim"
        case .certificate: "certificate"
        case .hmac: "hmac"
        }
    }
}
