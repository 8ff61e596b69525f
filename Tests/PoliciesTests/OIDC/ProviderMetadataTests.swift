import Primitives
import Testing

@testable import Policies

@Suite struct ProviderMetadataTests {
    private func metadata(_ change: (inout JSONObject) -> Void = { _ in }) -> [UInt8] {
        var object: JSONObject = [
            "issuer": "https://id.example.com", "authorization_endpoint": "https://id.example.com/a", "token_endpoint": "https://id.example.com/t",
            "jwks_uri": "https://keys.example.com/k", "end_session_endpoint": "https://id.example.com/l",
        ]
        change(&object)
        return JSON.object(object).bytes
    }

    @Test func reads() throws {
        let read = try ProviderMetadata(metadata(), issuer: "https://id.example.com")
        #expect(read.authorization == "https://id.example.com/a" && "\(read.token)" == "https://id.example.com/t")
        #expect(read.endSession == "https://id.example.com/l" && read.takesBasic && !read.namesItself)
        let post = try ProviderMetadata(
            metadata {
                $0["token_endpoint_auth_methods_supported"] = ["client_secret_post"]
                $0["authorization_response_iss_parameter_supported"] = true
                $0["end_session_endpoint"] = nil
                $0["code_challenge_methods_supported"] = ["plain", "S256"]
            }, issuer: "https://id.example.com")
        #expect(!post.takesBasic && post.namesItself && post.endSession == nil)
    }

    @Test(arguments: [
        ("issuer", JSON.string("https://id.example.com/"), ProviderMetadata.Flaw.issuer), ("issuer", "https://evil.example", .issuer),
        ("issuer", .null, .issuer), ("token_endpoint", "http://id.example.com/t", .endpoints), ("jwks_uri", "http://id.example.com/t", .endpoints),
        ("authorization_endpoint", "javascript:alert(1)", .endpoints), ("token_endpoint", .null, .endpoints),
        ("code_challenge_methods_supported", .array([.string("plain")]), .challenge),
    ])
    func refuses(member: String, value: JSON, flaw: ProviderMetadata.Flaw) {
        #expect(throws: flaw) { try ProviderMetadata(metadata { $0[member] = value }, issuer: "https://id.example.com") }
    }

    @Test func whatIsNoJSONIsRefused() {
        #expect(throws: ProviderMetadata.Flaw.json) { try ProviderMetadata([], issuer: "https://id.example.com") }
    }
}
