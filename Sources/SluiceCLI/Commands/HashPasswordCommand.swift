import ArgumentParser
import Identity

struct HashPasswordCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hash-password", abstract: "Reads a password and prints its hash, for a consumer's `passwordHash`.",
        discussion: """
            On a terminal the password is asked for twice and not shown. Otherwise it is the first line of standard input:

            openssl rand -base64 24 | tee password.txt | sluice hash-password
            """)

    enum Algorithm: String, ExpressibleByArgument, CaseIterable { case argon2id, bcrypt, scrypt }

    @Option(help: "argon2id, bcrypt or scrypt. Unless something else has to read the hash too, leave it.") var algorithm = Algorithm.argon2id

    func run() throws {
        let password = try PasswordInput.read()
        do throws(PasswordHashError) {
            Console.output(try PasswordHash.make(password, algorithm.made))
        } catch {
            throw Failure("\(error.message.prefix(1).uppercased() + error.message.dropFirst()).")
        }
    }
}

extension HashPasswordCommand.Algorithm {
    fileprivate var made: PasswordAlgorithm {
        switch self {
        case .argon2id: .argon2id
        case .bcrypt: .bcrypt
        case .scrypt: .scrypt
        }
    }
}
