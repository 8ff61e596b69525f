import Foundation
import Model
import Schema
import Testing

@testable import Discovery

@Suite struct FileSourceTests {
    static let web = "listeners: [{ name: web, address: 127.0.0.1:8080 }]\n"

    @Test func oneFile() throws {
        let folder = try Folder()
        try folder.write("a.yaml", Self.web)
        let snapshot = FileSource(path: "\(folder.path)/a.yaml").load()
        #expect(snapshot.diagnostics == [])
        #expect(snapshot.configuration?.listeners.map(\.name) == ["web"])
        #expect(snapshot.files == ["\(folder.path)/a.yaml"])
    }

    @Test func aFolderIsMerged() throws {
        let folder = try Folder()
        try folder.write("20-b.yml", "apis: [{ name: b, routes: [{ match: { path: /b }, respond: {} }] }]\nruntime: { drain: 5s }\n")
        try folder.write(
            "10-a.yaml", Self.web + "apis: [{ name: a, routes: [{ match: { path: /a }, respond: {} }] }]\nruntime: { threads: 1 }\n")
        try folder.write("readme.txt", "no: [yaml")
        try folder.write(".hidden.yaml", "nonsense: 1")
        let snapshot = FileSource(path: folder.path).load()
        #expect(snapshot.diagnostics == [])
        #expect(snapshot.configuration?.apis.map(\.name) == ["a", "b"])
        #expect(snapshot.configuration?.runtime.threads == 1)
        #expect(snapshot.configuration?.runtime.drain == .seconds(5))
        #expect(snapshot.configuration?.apis[1].origin.position.file == "\(folder.path)/20-b.yml")
    }

    @Test func conflictsNameBothPlaces() throws {
        let folder = try Folder()
        try folder.write("a.yaml", Self.web + "runtime: { threads: 1 }\n")
        try folder.write("b.yaml", "runtime: { threads: 2 }\napis: [{ name: a, rotes: [] }]\n")
        let snapshot = FileSource(path: folder.path).load()
        #expect(snapshot.configuration == nil)
        #expect(
            snapshot.diagnostics.map { $0.description.replacing(folder.path, with: "") } == [
                "/b.yaml:1:21: error: `runtime.threads` is set already at /a.yaml:2:21; keep one of them (runtime.threads)",
                "/b.yaml:2:19: error: unknown key `rotes`; did you mean \"routes\"? (apis[0].rotes)",
            ])
    }

    @Test func filesThatAreNotThere() throws {
        let folder = try Folder()
        let missing = FileSource(path: "\(folder.path)/none.yaml").load()
        #expect(missing.configuration == nil)
        #expect(missing.diagnostics.first?.message == "can't read: No such file or directory")
        #expect(FileSource(path: folder.path).load().diagnostics.first?.message == "the folder has no .yaml or .yml file")
    }

    @Test func textThatIsNotUTF8() throws {
        let folder = try Folder()
        try Data([0x61, 0x3a, 0xff]).write(to: URL(filePath: "\(folder.path)/a.yaml"))
        #expect(FileSource(path: folder.path).load().diagnostics.first?.message == "can't be read as text")
    }

    @Test func theVersionFollowsContent() throws {
        let folder = try Folder()
        try folder.write("a.yaml", Self.web + "apis: [{ name: \"${file:name}\", routes: [{ match: { path: / }, respond: {} }] }]\n")
        try folder.write("name", "one\n")
        let source = FileSource(path: folder.path)
        let first = source.load()
        #expect(first.configuration?.apis.first?.name == "one")
        #expect(source.load().version == first.version)
        try folder.write("name", "two\n")
        #expect(source.load().version != first.version)
        #expect(first.version.count == 16)
    }
}
