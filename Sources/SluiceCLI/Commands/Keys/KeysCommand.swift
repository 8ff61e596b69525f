import ArgumentParser
import Identity
import Model
import Primitives
import Storage

struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Makes, hashes, lists and revokes API keys.",
        discussion: "Keys are in the file, and in the database that `storage.database` of the configuration names.",
        subcommands: [KeysCreateCommand.self, KeysHashCommand.self, KeysListCommand.self, KeysRevokeCommand.self])
}

/// Which database a command works on.
struct DatabaseOption: ParsableArguments {
    @OptionGroup var source: ConfigurationOption
    @Option(help: "The database, `sqlite:FILE`, in place of the configuration's.") var database: String?

    /// The configuration, if there is one; a database that is named alone needs none.
    func load() throws -> Configuration? { database == nil || source.config != nil ? try source.load().configuration : nil }

    /// The path of the database, if one is named.
    func path(_ configuration: Configuration?) throws -> String? {
        guard let database else { return configuration?.storage.database?.path }
        guard let location = DatabaseLocation(parsing: database) else { throw Failure("--database takes sqlite:FILE.") }
        return location.path
    }

    /// Does something with the tables of the database.
    static func withTables<Result>(_ path: String, _ body: (IdentityTables) throws(SQLiteError) -> Result) throws -> Result {
        do throws(SQLiteError) {
            return try body(try IdentityTables(try SQLiteDatabase(path: path)))
        } catch {
            throw Failure("\(path): \(error.message).")
        }
    }
}

extension IdentityKey {
    /// What an API key is looked up by.
    static func apiKey(_ text: [UInt8]) throws -> IdentityKey {
        let keys: IdentityKeyMaker
        do throws(CryptoError) {
            keys = try IdentityKeyMaker()
        } catch {
            throw Failure("The key can't be hashed: \(error).")
        }
        guard let key = text.withView({ keys.apiKey($0) }) else { throw Failure("The key can't be hashed: libcrypto failed.") }
        return key
    }

    /// As `apiKeyHash` has it.
    var hashText: String {
        let digits = Array("0123456789abcdef".utf8)
        return "sha256:" + String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
