import Identity
import Primitives
import Testing

@testable import Policies

@Suite struct IntrospectionRulesTests {
    static let rules = IntrospectionRules(issuer: "i", audience: ["a", "b"], scopes: ["s"])
    static let usual = #""iss":"i","aud":["x","b"],"scope":"r s","sub":"u""#

    @Test(arguments: [
        (#"{"active":true,\#(usual),"exp":101}"#, "u [r s] 101"),
        (#"{"active":true,\#(usual)}"#, "u [r s] -"),
        (#"{"active":true,"iss":"i","aud":"a","scope":"s","username":"n"}"#, "n [s] -"),
        (#"{"active":true,"iss":"i","aud":"a","scope":"s","client_id":"c"}"#, "c [s] -"),
        (#"{"active":true,"iss":"i","aud":"a","scope":"s"}"#, " [s] -"),
        (#"{"active":true,\#(usual),"exp":100}"#, "refused"), (#"{"active":true,\#(usual),"nbf":101}"#, "refused"),
        (#"{"active":true,\#(usual),"nbf":100}"#, "u [r s] -"), (#"{"active":false,\#(usual)}"#, "refused"), (#"{\#(usual)}"#, "refused"),
        (#"{"active":"true",\#(usual)}"#, "refused"), (#"{"active":1,\#(usual)}"#, "refused"), (#"{"active":true,"aud":"a","scope":"s"}"#, "refused"),
        (#"{"active":true,"iss":"j","aud":"a","scope":"s"}"#, "refused"), (#"{"active":true,"iss":"i","scope":"s"}"#, "refused"),
        (#"{"active":true,"iss":"i","aud":["a",1],"scope":"s"}"#, "refused"), (#"{"active":true,"iss":"i","aud":"c","scope":"s"}"#, "refused"),
        (#"{"active":true,"iss":"i","aud":"a","scope":"ss"}"#, "insufficient"), (#"{"active":true,"iss":"i","aud":"a"}"#, "insufficient"),
        (#"{"active":true,"iss":"i","aud":"a","scope":7}"#, "refused"), (#"{"active":true,\#(usual),"exp":"101"}"#, "refused"),
        (#"{"active":true,\#(usual),"exp":1e400}"#, "refused"), (#"{"active":true,"iss":"i","aud":"a","scope":"s","sub":{}}"#, "refused"),
    ])
    func answers(_ text: String, _ expected: String) throws {
        let claims = try #require(try JSON.parse(Array(text.utf8)).object)
        switch IntrospectionRulesTests.rules.check(claims, now: 100) {
        case .refused: #expect(expected == "refused")
        case .insufficient: #expect(expected == "insufficient")
        case .accepted(let token):
            #expect("\(token.subject) [\(token.scopes.joined(separator: " "))] \(token.expires.map { "\($0)" } ?? "-")" == expected)
        }
    }

    @Test func forms() {
        #expect(String(decoding: FormText.body([("a", Array("1 &=".utf8)), ("b", [0xff])]), as: UTF8.self) == "a=1%20%26%3D&b=%FF")
    }
}
