import Foundation
import GatewayCore
import Identity
import Model
import PolicyKit
import Primitives
import Reactor
import ReactorTesting
import Schema
import Synchronization
import Schema
import Testing

@testable import Policies

@Suite struct TokenKeyLoaderTests {
    private let network = MemoryNetwork()
    private let key = try? SigningKey.generate(.ES256).publicJWK

    /// Answers by path.
    private final class Service: CalloutClient {
        private let answers = Mutex<[String: String]>([:])
        private let paths = Mutex<[String]>([])

        init(_ answers: [String: String]) { self.answers.withLock { $0 = answers } }

        var asked: [String] { paths.withLock { $0 } }

        func send(_ callout: Callout, on loop: EventLoop?) async -> Result<FetchResponse, GatewayError> {
            paths.withLock { $0.append(callout.url.description) }
            let body = answers.withLock { $0[callout.url.description] }
            return .success(FetchResponse(status: body == nil ? 404 : 200, headers: [], body: Array((body ?? "").utf8)))
        }

        func security(_ settings: CalloutTLS, version: UpstreamVersion) throws(CalloutTLSError) -> any FetchSecurity { Plain() }
        private struct Plain: FetchSecurity {}
    }

    private func keySet(_ keys: [JSONWebKey?]) -> String {
        String(decoding: JSONWebKeySet(keys.compactMap { $0 }).publicJSON.bytes, as: UTF8.self)
    }

    private func loader(_ service: Service) -> TokenKeyLoader {
        TokenKeyLoader(JWT.Config(), PolicyContext(label: "jwt", loops: 1, callouts: service))
    }

    /// Each description, and why it is not believed; nothing for the good one.
    @Test(arguments: [
        (#"{"issuer":"https://id.example/t","jwks_uri":"https://keys.example/k"}"#, nil),
        (#"{"issuer":"https://id.example/t/","jwks_uri":"https://keys.example/k"}"#, "another issuer"),
        (#"{"issuer":"https://evil.example","jwks_uri":"https://keys.example/k"}"#, "another issuer"),
        (#"{"jwks_uri":"https://keys.example/k"}"#, "does not name it"), ("{", "no JSON"),
        (#"{"issuer":"https://id.example/t"}"#, "jwks_uri"), (#"{"issuer":"https://id.example/t","jwks_uri":"http://keys.example/k"}"#, "jwks_uri"),
        (#"{"issuer":"https://id.example/t","jwks_uri":"file:///etc/passwd"}"#, "jwks_uri"),
    ]) func discovery(_ description: String, _ flaw: String?) throws {
        let service = Service([
            "https://id.example/t/.well-known/openid-configuration": description, "https://keys.example/k": keySet([key]),
        ])
        let document = try loader(service).keys(of: "https://id.example/t", CalloutURL(parsing: "https://id.example/t"), nil, "")
        document.refreshLater(on: network.loop)
        network.settle()
        if let flaw {
            #expect(document.value == nil && document.failure?.contains(flaw) == true && service.asked.count == 1)
        } else {
            #expect(document.value?.keys.first?.kid == key?.kid && service.asked.count == 2)
        }
    }

    @Test func filesAreReadAgain() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "keys-\(UInt64.random(in: 0 ... .max)).json").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        func write(_ text: String) throws { try text.write(toFile: path, atomically: true, encoding: .utf8) }
        let loader = loader(Service([:]))
        func keys() throws -> Refreshed<VerifyingKeys> { try loader.keys(in: ConfigurationFile(path), nil, .none, "") }
        #expect(throws: PolicyError.self) { try keys() }
        try write(#"{"keys":[]}"#)
        #expect(throws: PolicyError.self) { try keys() }
        try write(keySet([key]))
        let document = try keys()
        #expect(document.value?.keys.count == 1)
        let other = try SigningKey.generate(.EdDSA).publicJWK
        try write(keySet([key, other]))
        document.refreshLater(on: network.loop)
        network.settle()
        #expect(document.value?.keys.count == 2 && document.version == 1)
        try write("gone")
        network.advance(.seconds(3600))
        document.refreshLater(on: network.loop)
        network.settle()
        #expect(document.value?.keys.count == 2 && document.failure != nil)
    }

    @Test func oneSetForAllWhoNameIt() throws {
        let service = Service(["https://keys.example/k": keySet([key])])
        let loader = loader(service)
        let url = try CalloutURL(parsing: "https://keys.example/k")
        #expect(try loader.keys(at: url, nil, "") === loader.keys(at: url, nil, "issuers[0]"))
        #expect(try loader.keys(at: url, nil, "") !== loader.keys(at: url, [.ES256], ""))
    }
}
