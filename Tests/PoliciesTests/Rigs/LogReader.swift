import Foundation
import Schema

/// Reads the access log of a case line by line, as it is written.
struct LogReader {
    let path: String
    private var position: UInt64 = 0

    init(path: String) { self.path = path }

    /// The next line, waited for up to ten seconds.
    mutating func next() async throws -> ConfigNode {
        let deadline = ContinuousClock.now + .seconds(10)
        while true {
            // Known before the look: who sleeps may wake late, and what has come by then counts.
            let isLast = ContinuousClock.now >= deadline
            if let line = try read() {
                guard let value = ConfigNode(json: line) else { throw RigError("the access log holds a line that is not JSON: \(line)") }
                return value
            }
            guard !isLast else { throw RigError("no line came in the access log") }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    private mutating func read() throws -> String? {
        guard let file = FileHandle(forReadingAtPath: path) else { return nil }
        defer { try? file.close() }
        try file.seek(toOffset: position)
        guard let bytes = try file.readToEnd(), let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        position += UInt64(end - bytes.startIndex + 1)
        return String(decoding: bytes[..<end], as: UTF8.self)
    }
}

/// A folder of the rig's own, gone with it.
struct ScratchFolder: ~Copyable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString.prefix(8))").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
