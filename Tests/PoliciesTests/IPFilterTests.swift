import Foundation
import GatewayCore
import Model
import PolicyKit
import Primitives
import Reactor
import ReactorTesting
import Schema
import Testing

@testable import Policies

/// Files of networks; what needs no file is in `Cases/ip-filter`.
@Suite struct IPFilterTests {
    /// A folder that goes when the test does.
    private final class Folder {
        let path: String

        init() throws {
            path = NSTemporaryDirectory() + "/ip-filter-\(UUID().uuidString)"
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        func write(_ text: String, to name: String = "networks.txt") throws {
            try text.write(toFile: "\(path)/\(name)", atomically: true, encoding: .utf8)
        }

        func config(_ yaml: String) throws -> IPFilter.Config { try decoded(yaml, file: "\(path)/sluice.yaml") }

        func filter(_ yaml: String) throws -> IPFilter { try IPFilter(try config(yaml), PolicyContext(label: "ip-filter", loops: 1)) }
    }

    private static func isRefused(_ address: String, by filter: IPFilter) throws -> Bool {
        let exchange = Exchange(loop: MemoryNetwork().loop)
        exchange.client.address = try #require(IPAddress(parsing: address))
        if case .refuse(let error) = filter.onRequest(exchange) { return error.reason == .ipDenied }
        return false
    }

    @Test func namesAreRelativeToTheConfiguration() throws {
        let folder = try Folder()
        try folder.write("# who has been asked to leave\n192.0.2.0/25\n\n2001:db8::/32  # all of it\n198.51.100.7\r\n")
        for name in ["networks.txt", "\(folder.path)/networks.txt"] {
            let filter = try folder.filter("{ deny: [203.0.113.1], denyFile: \(name) }")
            for (address, isRefused) in [
                ("192.0.2.1", true), ("192.0.2.128", false), ("198.51.100.7", true), ("198.51.100.8", false), ("203.0.113.1", true),
                ("2001:db8::7", true), ("2001:db9::", false),
            ] {
                #expect(try IPFilterTests.isRefused(address, by: filter) == isRefused, "\(address)")
            }
        }
    }

    @Test func onlyThoseOfAFileAreLetIn() throws {
        let folder = try Folder()
        try folder.write("192.0.2.0/24")
        let filter = try folder.filter("{ allowFile: networks.txt, deny: [192.0.2.1], allow: [10.0.0.1] }")
        for (address, isRefused) in [("192.0.2.7", false), ("192.0.2.1", true), ("10.0.0.1", false), ("10.0.0.2", true)] {
            #expect(try IPFilterTests.isRefused(address, by: filter) == isRefused, "\(address)")
        }
    }

    @Test func aChangedFileMakesOtherSettings() throws {
        let folder = try Folder()
        try folder.write("192.0.2.0/24")
        let yaml = "{ denyFile: networks.txt }"
        let before = try folder.config(yaml)
        #expect(before == (try folder.config(yaml)))
        try folder.write("192.0.2.0/24\n10.0.0.0/8")
        #expect(before != (try folder.config(yaml)))
    }

    @Test(arguments: [
        ("10.0.0.0/8\n10.0.0.0/99\nnobody", "{ denyFile: networks.txt }", #"networks.txt: line 2: "10.0.0.0/99""#),
        ("# nobody\n", "{ allowFile: networks.txt }", "nobody would be let in"),
        ("10.0.0.1", "{ denyFile: other.txt }", "other.txt can't be read: No such file"),
        ("10.0.0.1", "{ denyFile: / }", "/ can't be read: Is a directory"),
    ]) func filesThatAreRefused(_ text: String, _ yaml: String, _ message: String) throws {
        let folder = try Folder()
        try folder.write(text)
        let error = try #require(throws: PolicyError.self) { try folder.filter(yaml) }
        let flaw = try #require(error.flaws.first)
        #expect(flaw.message.contains(message), "\(flaw.message)")
        #expect(flaw.position.line == 1 && !flaw.path.isEmpty)
    }
}
