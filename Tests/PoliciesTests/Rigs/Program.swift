import Foundation
import Glibc
import Reactor
import ReactorTesting
import Schema

/// The program, running with a configuration file that its owner rewrites.
final class Program {
    private let process = Process()
    private let file: String
    private let admin: SocketAddress
    private let messages: String
    private var writes = 0

    /// Starts it with `configuration`, whose admin address is `admin`, and waits until it is ready.
    init(_ configuration: String, folder: String, admin: SocketAddress) async throws {
        file = folder + "/sluice.yaml"
        messages = folder + "/messages.txt"
        self.admin = admin
        try write(configuration)
        _ = FileManager.default.createFile(atPath: messages, contents: nil)
        process.executableURL = try Program.executable()
        process.arguments = ["run", "--config", file]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle(forWritingAtPath: messages)
        try process.run()
        try await wait(for: "readiness") { try get("/readyz").status == 200 ? true : nil }
    }

    /// `$SLUICE_BIN`, or what was built beside the tests.
    private static func executable() throws -> URL {
        if let given = ProcessInfo.processInfo.environment["SLUICE_BIN"] { return URL(filePath: given) }
        let tests = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..").standardized
        let places = [tests.deletingLastPathComponent(), root.appending(path: ".build/debug")].map { $0.appending(path: "sluice") }
        guard let found = places.first(where: { FileManager.default.isExecutableFile(atPath: $0.path) }) else {
            throw RigError("the program is not built: `swift build --product sluice`, or set SLUICE_BIN")
        }
        return found
    }

    /// Hands it another configuration and waits until it serves that.
    func reload(_ configuration: String) async throws {
        let before = try status()
        try write(configuration)
        kill(process.processIdentifier, SIGHUP)
        let after = try await wait(for: "the reload") {
            let now = try status()
            return now.generation > before.generation || (now.error != nil && now.error != before.error) ? now : nil
        }
        if let error = after.error { throw RigError("the configuration was refused: \(error)") }
    }

    /// Ends it gently and waits for it. False: it did not end by itself, or not well.
    @discardableResult func stop() async -> Bool {
        process.terminate()
        let hasEnded = try? await wait(for: "the end") { process.isRunning ? nil : true }
        if hasEnded == nil { kill(process.processIdentifier, SIGKILL) }
        return hasEnded == true && process.terminationStatus == 0
    }

    /// The same text twice is a new configuration, too. Nobody ever reads half a file.
    private func write(_ configuration: String) throws {
        writes += 1
        try "# \(writes)\n\(configuration)\n".write(toFile: file, atomically: true, encoding: .utf8)
    }

    private func status() throws -> (generation: Int, error: String?) {
        let page = try get("/api/v1/status")
        guard let status = ConfigNode(json: page.text), let generation = status["generation"]?.text.flatMap({ Int($0) }) else {
            throw RigError("no status: \(page.text)")
        }
        return (generation, status["lastError"]?.text)
    }

    private func get(_ path: String) throws -> WireMessage {
        try SocketClient(admin).exchange(Array("GET \(path) HTTP/1.1\r\nHost: admin\r\n\r\n".utf8), toHead: false).response
    }

    /// Asks `condition` until it has something, for half a minute, which is for machines that are busy with other
    /// tests; what it throws counts when nothing comes.
    @discardableResult private func wait<Result>(for what: String, _ condition: () throws -> Result?) async throws -> Result {
        let deadline = ContinuousClock.now + .seconds(30)
        var problem: (any Error)?
        while true {
            // Known before the look: who sleeps may wake late.
            let isLast = ContinuousClock.now >= deadline
            do {
                if let result = try condition() { return result }
            } catch {
                problem = error
            }
            if isLast || (!process.isRunning && what != "the end") { break }
            try await Task.sleep(for: .milliseconds(2))
        }
        let said = (try? String(contentsOfFile: messages, encoding: .utf8)) ?? ""
        throw RigError("waited in vain for \(what)\(problem.map { ": \($0)" } ?? ""); the program said:\n\(said)")
    }
}
