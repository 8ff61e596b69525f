import ArgumentParser
import Identity
import Primitives

struct KeysHashCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hash", abstract: "Reads an API key and prints its hash, for a credential's `apiKeyHash`.",
        discussion: "On a terminal the key is asked for and not shown. Otherwise it is the first line of standard input.")

    func run() throws {
        let key = try PasswordInput.readKey()
        guard key.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { throw Failure("A key is made of visible ASCII characters.") }
        Console.output(try IdentityKey.apiKey(key).hashText)
    }
}
