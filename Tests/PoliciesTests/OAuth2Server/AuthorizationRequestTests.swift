import Identity
import Testing

@testable import Policies

@Suite struct AuthorizationRequestTests {
    private func server() throws -> TokenServer {
        TokenServer(
            TokenServerSettings(issuer: "https://id.example.com", audience: []),
            clients: [
                OAuthClient(
                    id: "app", name: "App", secrets: [[1]], grants: [.authorizationCode],
                    redirectURIs: [try RedirectURI(parsing: "https://a.example/cb")],
                    scopes: ScopeList(["a", "b", "openid"])),
                OAuthClient(
                    id: "own", name: "Own", secrets: [[1]], grants: [.authorizationCode],
                    redirectURIs: [try RedirectURI(parsing: "https://a.example/cb")],
                    scopes: ScopeList(["a"]), isTrusted: true),
                OAuthClient(
                    id: "phone", name: "Phone", secrets: [], grants: [.authorizationCode],
                    redirectURIs: [try RedirectURI(parsing: "com.example.app:/cb")], scopes: ScopeList(["a"])),
            ], users: [], store: MemoryGrantStore())
    }

    private func read(_ more: String = "", client: String = "app", uri: String = "https%3A%2F%2Fa.example%2Fcb") throws -> AuthorizationRequest {
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        let query = "response_type=code&client_id=\(client)&redirect_uri=\(uri)&code_challenge=\(challenge)&code_challenge_method=S256\(more)"
        return try AuthorizationRequest(FormFields(parsing: query), try server())
    }

    @Test func reads() throws {
        let asked = try read("&scope=a+openid&state=s&nonce=n&max_age=60&prompt=login+consent&login_hint=ann")
        #expect(asked.scopes.text == "a openid" && asked.state == "s" && asked.nonce == "n" && asked.maxAge == 60 && asked.loginHint == "ann")
        #expect(asked.prompts == ["login", "consent"] && asked.host == "a.example")
        #expect(try read().scopes.text == "a b")
        #expect(try read(client: "phone", uri: "com.example.app%3A%2Fcb").host == "com.example.app")
    }

    @Test func loginsCountForAWhile() throws {
        let session = LoginSession(subject: "u", authTime: 100, id: "s")
        #expect(try read().accepts(session, now: 1_000_000))
        #expect(try read("&max_age=60").accepts(session, now: 160))
        #expect(try !read("&max_age=60").accepts(session, now: 161))
        #expect(try read("&max_age=0").accepts(session, now: 110))
        #expect(try !read("&max_age=0").accepts(session, now: 111))
        #expect(try !read("&prompt=login").accepts(session, now: 100))
    }

    @Test func consent() throws {
        #expect(try read("&scope=a").needsConsent(ScopeList()))
        #expect(try !read("&scope=a").needsConsent(ScopeList(["a", "b"])))
        #expect(try read("&scope=a+b").needsConsent(ScopeList(["a"])))
        #expect(try read("&scope=a&prompt=consent").needsConsent(ScopeList(["a"])))
        #expect(try !read("&scope=a", client: "own").needsConsent(ScopeList()))
        // Anybody on a phone can pose as an app.
        #expect(try read("&scope=a", client: "phone", uri: "com.example.app%3A%2Fcb").needsConsent(ScopeList(["a"])))
    }

    @Test(arguments: ["&prompt=none+login", "&max_age=-1", "&max_age=x", "&response_mode=fragment", "&request_uri=x", "&scope=c", "&scope=%22"])
    func refuses(more: String) { #expect(throws: AuthorizationRequest.Failure.self) { try read(more) } }

    @Test func aFieldThatComesTwiceIsRefused() { #expect(throws: AuthorizationRequest.Failure.self) { try read("&client_id=app") } }
}
