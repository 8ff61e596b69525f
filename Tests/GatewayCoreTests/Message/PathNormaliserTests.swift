import GatewayCore
import Primitives
import Testing

@Suite struct PathNormaliserTests {
    private func normal(_ path: [UInt8]) -> [UInt8]? {
        let out = ByteBuffer(capacity: path.count)
        return path.withView { PathNormaliser.normalise($0, into: out) } ? out.view.array : nil
    }

    @Test func table() throws {
        for row in try CaseFile.byteRows("paths.txt") {
            let expected: [UInt8]? = row[1] == Array("bad".utf8) ? nil : row[1]
            #expect(normal(row[0]) == expected, "\(printable(row[0]))")
        }
    }

    @Test func normalisingTwiceIsNormalisingOnce() throws {
        let inputs = try CaseFile.byteRows("paths.txt").map { $0[0] } + CaseFile.fuzzInputs("Path").map(\.bytes)
        for bytes in inputs { check(bytes) }
    }

    @Test func randomPaths() {
        var state: UInt64 = 9
        let pieces = ["/", ".", "..", "%2e", "%2E", "%2f", "a", "%61", "%c3", "//", "/./", "/../", ";x", "%", "b.", ".b"]
        for _ in 0..<5000 {
            var path = "/"
            for _ in 0..<8 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                path += pieces[Int(state >> 33) % pieces.count]
            }
            check(Array(path.utf8))
        }
    }

    private func check(_ bytes: [UInt8]) {
        guard let once = normal(bytes) else { return }
        #expect(normal(once) == once, "\(printable(bytes))")
        #expect(once.count <= bytes.count && once.first == UInt8(ascii: "/"))
        let segments = once.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        #expect(!segments.contains { $0.elementsEqual(".".utf8) || $0.elementsEqual("..".utf8) }, "\(printable(bytes))")
        // The quick look may only say "normal" of what is.
        if bytes.withView({ PathNormaliser.isNormal($0) }) { #expect(once == bytes) }
    }

    @Test func dotSegments() {
        for path in ["/.", "/..", "/a/./b", "/a/../b", "/a/..", ".", "../a"] {
            #expect(path.withView { PathNormaliser.hasDotSegment($0) }, "\(path)")
        }
        for path in ["", "/", "/a", "/.a", "/a.", "/...", "/..a/b..", "/a.b"] {
            #expect(!path.withView { PathNormaliser.hasDotSegment($0) }, "\(path)")
        }
    }

    @Test func whatStandsBeforeIsLeftAlone() {
        let out = ByteBuffer(capacity: 64)
        out.append("/x/")
        #expect(PathNormaliser.normalise(ByteView("/../.."), into: out))
        #expect(out.view == "/x//")
    }
}
