import GatewayCore
import Identity
import Model
import PolicyKit
import Primitives
import Reactor
import Schema

/// Makes the documents that a policy reads from elsewhere, or takes them over from the policy that stood in its place.
final class TokenKeyLoader {
    private let config: JWT.Config
    private let context: PolicyContext
    private let before: TokenDocuments
    /// What was made or taken over, for the policy's successor.
    private(set) var documents = TokenDocuments()

    init(_ config: JWT.Config, _ context: PolicyContext) {
        self.config = config
        self.context = context
        before = (context.predecessor as? JWT)?.documents ?? TokenDocuments()
    }

    // MARK: Key sets

    func keys(at url: CalloutURL, _ algorithms: [SignatureAlgorithm]?, _ path: String) throws(PolicyError) -> Refreshed<VerifyingKeys> {
        let fetch = try fetch(url, path.isEmpty ? "jwksUrl" : "\(path).jwksUrl")
        return keys("url \(url)", algorithms, nil) { await fetch.get(url, on: $0) }
    }

    /// From `jwks_uri` of the issuer's description (OpenID Connect Discovery 1.0 §4).
    func keys(
        of issuer: String, _ url: CalloutURL, _ algorithms: [SignatureAlgorithm]?, _ path: String
    ) throws(PolicyError) -> Refreshed<VerifyingKeys> {
        let fetch = try fetch(url, path.isEmpty ? "issuer" : "\(path).issuer")
        var description = url
        description.target = (url.target.hasSuffix("/") ? String(url.target.dropLast()) : url.target) + "/.well-known/openid-configuration"
        return keys("issuer \(issuer)", algorithms, nil) { [description] loop in
            switch await fetch.get(description, on: loop) {
            case .failure(let failure): return .failure(failure)
            case .success(let text):
                switch ProviderDescription.keySet(text, of: issuer, at: url) {
                case .failure(let failure): return .failure(failure)
                case .success(let keySet): return await fetch.get(keySet, on: loop)
                }
            }
        }
    }

    func keys(
        in file: ConfigurationFile, _ algorithms: [SignatureAlgorithm]?, _ position: SourcePosition, _ path: String
    ) throws(PolicyError) -> Refreshed<VerifyingKeys> {
        let setting = path.isEmpty ? "jwksFile" : "\(path).jwksFile"
        let place = path.isEmpty ? config.$jwksFile.position : position
        let (text, value) = try first(file, place, setting) { TokenKeyLoader.parse($0, algorithms) }
        return keys("file \(file.path)", algorithms, (value, text)) { _ in TokenKeyLoader.read(file) }
    }

    private func keys(
        _ name: String, _ algorithms: [SignatureAlgorithm]?, _ first: (value: VerifyingKeys, text: [UInt8])?,
        _ load: @escaping @Sendable (EventLoop) async -> Result<[UInt8], LoadFailure>
    ) -> Refreshed<VerifyingKeys> {
        let plan = RefreshPlan(interval: config.refresh.nanoseconds, missInterval: config.refetch.nanoseconds)
        let name = name + " \(algorithms?.map(\.rawValue) ?? []) \(config.refresh) \(config.refetch) \(config.timeout) \(config.tls.encoded.text())"
        // A file is new when its settings are: it was read just now.
        let known = documents.keys[name] ?? (first == nil ? before.keys[name] : nil)
        let document = known ?? Refreshed(plan, first: first, load: load) { TokenKeyLoader.parse($0, algorithms) }
        documents.keys[name] = document
        return document
    }

    private static func parse(_ text: [UInt8], _ algorithms: [SignatureAlgorithm]?) -> Result<VerifyingKeys, LoadFailure> {
        do throws(KeyError) {
            let keys = VerifyingKeys(try JSONWebKeySet(parsing: text), algorithms: algorithms)
            guard !keys.keys.isEmpty else {
                return .failure(LoadFailure("no key of the set can be used" + (keys.flaws.first.map { ": \($0)" } ?? "")))
            }
            return .success(keys)
        } catch {
            return .failure(LoadFailure(error.message))
        }
    }

    // MARK: Revocation

    func revocations(_ settings: RevocationSettings) throws(PolicyError) -> Refreshed<RevocationList> {
        let plan = RefreshPlan(interval: settings.refresh.nanoseconds, missInterval: settings.refresh.nanoseconds)
        switch (settings.file, settings.url) {
        case (let file?, nil):
            let (text, value) = try first(file, settings.$file.position, "revocation.file", RevocationList.parse)
            return Refreshed(plan, first: (value, text), load: { _ in TokenKeyLoader.read(file) }, parse: RevocationList.parse)
        case (nil, let url?):
            let name = "\(url) \(settings.refresh) \(config.timeout) \(config.tls.encoded.text())"
            let fetch = try fetch(url, "revocation.url", mostBytes: RevocationList.mostBytes)
            let list = before.revocations[name] ?? Refreshed(plan, load: { await fetch.get(url, on: $0) }, parse: RevocationList.parse)
            documents.revocations[name] = list
            return list
        default:
            throw PolicyError("a list is in a `file` or at a `url`", at: settings.origin.position, path: "revocation")
        }
    }

    // MARK: Reading

    private func fetch(_ url: CalloutURL, _ path: String, mostBytes: Int = 1 << 20) throws(PolicyError) -> DocumentFetch {
        if !url.isSecure, !(IPAddress(parsing: url.host)?.isLoopback ?? (url.host == "localhost")) {
            context.warn(
                "\(url.origin) is asked without TLS: whoever is on the way there decides which tokens are valid", path: path,
                remedy: "a URL of https")
        }
        return DocumentFetch(
            client: context.callouts, timeout: config.timeout.nanoseconds, mostBytes: mostBytes,
            security: try context.security(of: url, url.isSecure ? config.tls : nil, version: .http1))
    }

    private func first<Value>(
        _ file: ConfigurationFile, _ position: SourcePosition, _ path: String, _ parse: ([UInt8]) -> Result<Value, LoadFailure>
    ) throws(PolicyError) -> (text: [UInt8], value: Value) {
        switch TokenKeyLoader.read(file).flatMap({ text in parse(text).map { (text: text, value: $0) } }) {
        case .success(let read): return read
        case .failure(let failure): throw PolicyError("\(file.name): \(failure.message)", at: position, path: path)
        }
    }

    private static func read(_ file: ConfigurationFile) -> Result<[UInt8], LoadFailure> {
        TextFile.bytes(file.path).map { .success($0) } ?? .failure(LoadFailure("the file can't be read"))
    }
}

/// What a policy has read from elsewhere, by where that is and how it is read.
struct TokenDocuments: Sendable {
    var keys: [String: Refreshed<VerifyingKeys>] = [:]
    var revocations: [String: Refreshed<RevocationList>] = [:]
}

/// Gets documents, over connections of the event loop that asks.
struct DocumentFetch: Sendable {
    let client: any CalloutClient
    let timeout: Nanoseconds
    let mostBytes: Int
    let security: (any FetchSecurity)?

    func get(_ url: CalloutURL, on loop: EventLoop) async -> Result<[UInt8], LoadFailure> {
        var callout = Callout(url)
        callout.headers = [("accept", "application/json, application/jwk-set+json")]
        callout.timeout = timeout
        callout.mostBytes = mostBytes
        callout.connectTimeout = min(callout.connectTimeout, timeout)
        callout.security = url.isSecure ? security : nil
        switch await client.send(callout, on: loop) {
        case .failure(let error): return .failure(LoadFailure("\(url.origin): \(error.detail)"))
        case .success(let response) where response.status == 200: return .success(response.body)
        case .success(let response): return .failure(LoadFailure("\(url.origin) answers \(response.status)"))
        }
    }
}

/// What an issuer says of itself (OpenID Connect Discovery 1.0 §3).
enum ProviderDescription {
    /// The URL of the key set. The description has to be the issuer's own, and the keys must not come over a worse connection than it.
    static func keySet(_ text: [UInt8], of issuer: String, at url: CalloutURL) -> Result<CalloutURL, LoadFailure> {
        guard let json = try? JSON.parse(text), let said = json["issuer"]?.string else {
            return .failure(LoadFailure("the issuer's description is no JSON, or does not name it"))
        }
        guard said.isSame(as: issuer) else { return .failure(LoadFailure("the description is that of another issuer")) }
        guard let text = json["jwks_uri"]?.string, let keySet = try? CalloutURL(parsing: text), keySet.isSecure || !url.isSecure else {
            return .failure(LoadFailure("the issuer's description has no usable `jwks_uri`"))
        }
        return .success(keySet)
    }
}
