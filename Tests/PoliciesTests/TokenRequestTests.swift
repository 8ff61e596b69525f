import GatewayCore
import PolicyKit
import Primitives
import Reactor
import Schema
import Testing

@testable import Policies

@Suite("Tokens for upstreams: what is asked and answered")
struct TokenRequestTests {
    static func request() throws -> TokenRequest {
        var issuer = UpstreamAuth.Issuer()
        issuer.tokenUrl = "http://id.example.com/token"
        issuer.clientId = "gw"
        issuer.clientSecret = SecretText("s")
        return try TokenRequest(issuer, "issuer")
    }

    static func read(_ status: Int, _ body: String) throws -> Result<IssuedToken, TokenFailure> {
        try request().read(.success(FetchResponse(status: status, headers: [], body: Array(body.utf8))))
    }

    @Test(
        "answers with a token",
        arguments: [
            (#"{"access_token":"a","token_type":"Bearer","expires_in":60}"#, 60), (#"{"access_token":"a","token_type":"bearer"}"#, 300),
            (#"{"access_token":"a","expires_in":"60"}"#, 60), (#"{"access_token":"a","token_type":"N_A","expires_in":60}"#, 60),
            (#"{"access_token":"a","expires_in":0}"#, 1), (#"{"access_token":"a","expires_in":-5}"#, 1),
            (#"{"access_token":"a","expires_in":9223372036854775807}"#, 366 * 86_400), (#"{"access_token":"a","expires_in":1.5}"#, 300),
            (#"{"access_token":"a","expires_in":null,"extra":[{}]}"#, 300),
        ])
    func tokens(_ body: String, _ seconds: Int) throws {
        #expect(try Self.read(200, body) == .success(IssuedToken(text: Array("a".utf8), lifetime: .seconds(seconds))))
    }

    @Test(
        "answers without one",
        arguments: [
            "", "{}", "[]", #"{"access_token":""}"#, #"{"access_token":1}"#, #"{"access_token":"a b"}"#, #"{"access_token":"a\r\nx: y"}"#,
            #"{"access_token":"ä"}"#,
            #"{"access_token":"a","token_type":"mac"}"#, #"{"access_token":"a","access_token":"b"}"#, #"{"access_token":"a"} x"#,
        ])
    func nonsense(_ body: String) throws {
        #expect(try Self.read(200, body) == .failure(.unavailable))
    }

    @Test("whose fault it is")
    func faults() throws {
        #expect(try Self.read(400, #"{"error":"invalid_grant"}"#) == .failure(.refused))
        #expect(try Self.read(400, #"{"error":"invalid_target"}"#) == .failure(.refused))
        #expect(try Self.read(400, #"{"error":"invalid_client"}"#) == .failure(.unavailable))
        #expect(try Self.read(400, "oops") == .failure(.unavailable))
        #expect(try Self.read(401, #"{"error":"invalid_client"}"#) == .failure(.unavailable))
        #expect(try Self.read(500, #"{"error":"invalid_grant"}"#) == .failure(.unavailable))
        #expect(try Self.request().read(.failure(GatewayError(.upstreamTimeout))) == .failure(.unavailable))
    }

    @Test("the form is encoded, and holds nothing that was not asked for")
    func form() throws {
        let callout = try #require(try Self.request().callout([("grant_type", "a b&c=d+e/ü")], now: 0))
        #expect(String(decoding: callout.body, as: UTF8.self) == "grant_type=a%20b%26c%3Dd%2Be%2F%C3%BC")
        #expect(callout.method == "POST" && callout.headers.contains { $0 == ("authorization", "Basic Z3c6cw==") })
    }
}
