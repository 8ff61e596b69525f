import Primitives
import Testing

@testable import Policies

@Suite struct LocationWriterTests {
    private enum Piece {
        case literal(String), plain(String), escaped(String), path(String), query(String?)
    }

    private func written(_ pieces: [Piece], from place: LocationWriter.Place) -> String {
        let out = ByteBuffer()
        var writer = LocationWriter(out, place: place)
        for piece in pieces {
            switch piece {
            case .literal(let text): text.withView { writer.write(literal: $0) }
            case .plain(let text): text.withView { writer.write($0, .plain) }
            case .escaped(let text): text.withView { writer.write($0, .escaped) }
            case .path(let text): text.withView { writer.write($0, .path) }
            case .query(let text?): text.withView { writer.writeQuery($0) }
            case .query(nil): writer.writeQuery(nil)
            }
        }
        return out.view.string
    }

    @Test func eachPartHasItsOwnEscapes() {
        let odd = "a/b?c#d&e=f+g%41 @:\\é\r\n"
        #expect(written([.literal("https://"), .plain(odd)], from: .scheme) == "https://a%2Fb%3Fc%23d%26e%3Df%2Bg%2541%20%40:%5C%C3%A9%0D%0A")
        #expect(written([.literal("/"), .plain(odd)], from: .path) == "/a/b%3Fc%23d&e=f+g%2541%20@:%5C%C3%A9%0D%0A")
        #expect(written([.literal("/?q="), .plain(odd)], from: .path) == "/?q=a/b%3Fc%23d%26e%3Df%2Bg%2541%20%40:%5C%C3%A9%0D%0A")
        #expect(written([.literal("/#"), .plain("a#b")], from: .path) == "/#a%23b")
        #expect(written([.plain("https://x"), .literal("://")], from: .scheme) == "https%3A%2F%2Fx://")
    }

    @Test func escapesStayWhereTheyMeanThemselves() {
        #expect(written([.literal("/"), .escaped("a%2Fb%zz%4")], from: .path) == "/a%2Fb%25zz%254")
        #expect(written([.path("/a%20b")], from: .path) == "/a%20b")
        #expect(written([.literal("/?p="), .path("/a%20b")], from: .path) == "/?p=/a%2520b")
        #expect(written([.literal("/?p="), .escaped("a%26b&c")], from: .path) == "/?p=a%26b%26c")
    }

    @Test func aPathEndsTheHostAndAValueDoesNot() {
        #expect(written([.literal("https://h"), .path("/a"), .plain("/b?")], from: .scheme) == "https://h/a/b%3F")
        #expect(written([.literal("https://h"), .plain("/a")], from: .scheme) == "https://h%2Fa")
        #expect(written([.literal("//h"), .plain("/a")], from: .scheme) == "//h%2Fa")
    }

    @Test func theQueryComesOnceAndWhole() {
        #expect(written([.literal("/a"), .query("x=1&y=%2F+z?\"<")], from: .path) == "/a?x=1&y=%2F+z?%22%3C")
        #expect(written([.literal("/a"), .query("")], from: .path) == "/a?")
        #expect(written([.literal("/a"), .query(nil)], from: .path) == "/a")
        #expect(written([.literal("/a?b"), .query("c")], from: .path) == "/a?b")
        #expect(written([.literal("/a#b"), .query("c")], from: .path) == "/a#b")
        #expect(written([.literal("https://h"), .query("c")], from: .scheme) == "https://h?c")
    }
}
