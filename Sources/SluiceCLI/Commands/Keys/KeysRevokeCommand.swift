import ArgumentParser
import Glibc
import Identity
import Model
import PolicyKit
import Storage

struct KeysRevokeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Ends a key of the database: a running gateway notices within the time that `cache` of its policy says.",
        discussion: "Keys of the file are ended there: take the credential out, or give it `enabled: false`.")

    @OptionGroup var database: DatabaseOption
    @Argument(help: "What `sluice keys list` calls it: `slk_` and eight characters.") var id: String
    @Option(help: "Only a key of this consumer.") var consumer: String?

    func run() throws {
        let configuration = try database.load()
        guard let path = try database.path(configuration) else {
            throw Failure("There is no database: take the credential out of the configuration, or give it `enabled: false`.")
        }
        let count = try DatabaseOption.withTables(path) { (tables) throws(SQLiteError) in
            try tables.revoke(id: id, of: consumer, now: time(nil))
        }
        guard count > 0 else {
            var isInFile = false
            if let configuration {
                ConsumerCompiler.compile(configuration.consumers).store.forEach { if $0.id == id { isInFile = true } }
            }
            throw Failure(
                isInFile
                    ? "\(id) is in the configuration: take the credential out there, or give it `enabled: false`."
                    : "There is no key called \(id) that works.")
        }
        Console.error("\(count == 1 ? "Key" : "\(count) keys called") \(id) \(count == 1 ? "is" : "are") revoked.")
    }
}
