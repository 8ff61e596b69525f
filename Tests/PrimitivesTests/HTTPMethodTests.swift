import Primitives
import Testing

@Suite struct HTTPMethodTests {
    @Test func everyNameIsRead() {
        for method in HTTPMethod.allCases where method != .other {
            #expect(HTTPMethod(ByteView(method.name)) == method)
            #expect(HTTPMethod(name: "\(method.name)") == method)
            #expect(HTTPMethod(name: "\(method.name)".lowercased()) == nil, "methods have a case")
            #expect(HTTPMethod(name: "\(method.name)X") == nil)
        }
        #expect(HTTPMethod(ByteView("")) == .other && HTTPMethod(name: "") == nil && HTTPMethod(name: "FOO") == nil)
    }

    @Test func sets() {
        let set = HTTPMethodSet(.post).union(HTTPMethodSet(.get))
        #expect(set.contains(HTTPMethod.get) && set.contains(HTTPMethod.post) && !set.contains(HTTPMethod.put))
        #expect(set.names == ["GET", "POST"])
        for method in HTTPMethod.allCases { #expect(HTTPMethodSet.all.contains(method)) }
        #expect(HTTPMethodSet(.other).names == [])
    }

    /// RFC 9110 §9.2.2.
    @Test func idempotence() {
        for method in [HTTPMethod.get, .head, .options, .trace, .put, .delete] { #expect(method.isIdempotent) }
        for method in [HTTPMethod.post, .patch, .connect, .lock, .other] { #expect(!method.isIdempotent) }
    }
}
