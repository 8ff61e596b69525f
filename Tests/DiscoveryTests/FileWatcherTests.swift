import Foundation
import Synchronization
import Testing

@testable import Discovery

@Suite struct FileWatcherTests {
    /// Counts calls, and waits for them.
    final class Counter: Sendable {
        private let stream: AsyncStream<Void>
        private let continuation: AsyncStream<Void>.Continuation
        private let total = Mutex(0)

        init() { (stream, continuation) = AsyncStream.makeStream() }

        var count: Int { total.withLock { $0 } }

        func hit() {
            total.withLock { $0 += 1 }
            continuation.yield()
        }

        func next() async {
            for await _ in stream { return }
        }
    }

    func watch(_ path: String, _ counter: Counter) -> FileWatcher {
        FileWatcher(path: path, quiet: .milliseconds(20)) { counter.hit() }
    }

    @Test(.timeLimit(.minutes(1))) func editsInPlaceAndRenames() async throws {
        let folder = try Folder()
        try folder.write("a.yaml", "a: 1")
        let counter = Counter()
        let watcher = watch("\(folder.path)/a.yaml", counter)
        defer { watcher.stop() }
        try folder.write("a.yaml", "a: 2")
        await counter.next()
        try folder.write("a.yaml~", "a: 3")
        _ = rename("\(folder.path)/a.yaml~", "\(folder.path)/a.yaml")
        await counter.next()
        try FileManager.default.removeItem(atPath: "\(folder.path)/a.yaml")
        await counter.next()
        try folder.write("a.yaml", "a: 4")
        await counter.next()
    }

    @Test(.timeLimit(.minutes(1))) func swapsOfSymbolicLinks() async throws {
        let folder = try Folder()
        let files = FileManager.default
        for version in ["v1", "v2"] {
            try files.createDirectory(atPath: "\(folder.path)/..\(version)", withIntermediateDirectories: true)
            try folder.write("..\(version)/a.yaml", "a: \(version)")
        }
        try files.createSymbolicLink(atPath: "\(folder.path)/..data", withDestinationPath: "..v1")
        try files.createSymbolicLink(atPath: "\(folder.path)/a.yaml", withDestinationPath: "..data/a.yaml")
        let counter = Counter()
        let watcher = watch(folder.path, counter)
        defer { watcher.stop() }
        try files.createSymbolicLink(atPath: "\(folder.path)/..tmp", withDestinationPath: "..v2")
        _ = rename("\(folder.path)/..tmp", "\(folder.path)/..data")
        await counter.next()
        // The file behind the new link is watched too.
        try folder.write("..v2/a.yaml", "a: longer than before")
        await counter.next()
    }

    @Test(.timeLimit(.minutes(1))) func filesOfAFolder() async throws {
        let folder = try Folder()
        try folder.write("a.yaml", "a: 1")
        let counter = Counter()
        let watcher = watch(folder.path, counter)
        defer { watcher.stop() }
        try folder.write("b.yaml", "b: 1")
        await counter.next()
        try FileManager.default.removeItem(atPath: "\(folder.path)/b.yaml")
        await counter.next()
    }

    @Test(.timeLimit(.minutes(1))) func otherFilesDoNotCount() async throws {
        let folder = try Folder()
        try folder.write("a.yaml", "a: 1")
        let counter = Counter()
        let watcher = watch("\(folder.path)/a.yaml", counter)
        try folder.write("access.log", "x")
        try folder.write("a.yaml", "a: 22")
        await counter.next()
        watcher.stop()
        watcher.stop()
        #expect(counter.count == 1, "one change, one call")
    }

    @Test func startAndStopLeaveNothingOpen() throws {
        let folder = try Folder()
        func descriptors() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count }
        let counter = Counter()
        watch(folder.path, counter).stop()
        let before = try descriptors()
        for _ in 0..<50 { watch(folder.path, counter).stop() }
        // Other suites open files meanwhile; fifty leaks of two would show.
        #expect(try descriptors() < before + 50)
    }
}
