import GatewayCore
import Glibc
import Model
import Primitives
import Reactor
import Schema

/// Secrets of a Kubernetes cluster: `GET /api/v1/namespaces/{namespace}/secrets/{name}`.
final class KubernetesClient: SecretClient {
    private let endpoint: SourceEndpoint
    private let tokenFile: String
    private let namespace: String?
    private static let account = "/var/run/secrets/kubernetes.io/serviceaccount"

    init(_ settings: KubernetesSource, transport: any SecretTransport) throws(SecretFailure) {
        guard let address = settings.address ?? KubernetesClient.ownAddress else {
            throw .unavailable(
                "there is no Kubernetes here: $KUBERNETES_SERVICE_HOST is not set", remedy: "set `address` of the source to the API server's URL")
        }
        let authorities = settings.authorities?.path ?? (address.hasPrefix("https:") ? "\(KubernetesClient.account)/ca.crt" : nil)
        endpoint = try SourceEndpoint("Kubernetes", address, authorities: authorities, transport: transport)
        tokenFile = ConfigurationFile(settings.tokenFile, in: settings.$tokenFile.position.file).path
        namespace = settings.namespace ?? TextFile.read("\(KubernetesClient.account)/namespace")?.filter { !$0.isWhitespace }
    }

    /// The API server, as every pod's environment has it.
    private static var ownAddress: String? {
        guard let host = getenv("KUBERNETES_SERVICE_HOST").map({ String(cString: $0) }), !host.isEmpty else { return nil }
        let port = getenv("KUBERNETES_SERVICE_PORT").map { String(cString: $0) } ?? "443"
        return "https://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }

    func fetch(_ path: String, until deadline: Instant) -> Result<SecretPayload, SecretFailure> {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard let name = parts.last, parts.count <= 2, let space = parts.count == 2 ? parts[0] : namespace, !name.isEmpty, !space.isEmpty else {
            return .failure(.missing("`\(path)` names no secret of a cluster", remedy: "write `namespace/name`, or set `namespace` of the source"))
        }
        guard let token = TextFile.read(tokenFile)?.filter({ !$0.isWhitespace }) else {
            return .failure(.unavailable("the token of the service account can't be read: \(tokenFile)", remedy: "check `tokenFile` of the source"))
        }
        let headers = [("authorization", "Bearer \(token)"), ("accept", "application/json")]
        return endpoint.send("GET", "api/v1/namespaces/\(space)/secrets/\(name)", headers: headers, until: deadline).flatMap {
            payload($0, "\(space)/\(name)")
        }
    }

    private func payload(_ response: FetchResponse, _ what: String) -> Result<SecretPayload, SecretFailure> {
        switch response.status {
        case 200: break
        case 404: return .failure(.missing("\(endpoint.name) has no secret \(what)", remedy: "check namespace and name"))
        case 401:
            return .failure(.unavailable("\(endpoint.name) does not accept the service account's token", remedy: "check `tokenFile` of the source"))
        case 403:
            return .failure(
                .unavailable("\(endpoint.name) does not let the gateway read the secret \(what)", remedy: "a Role must allow `get` on `secrets`"))
        default: return .failure(.unavailable("\(endpoint.name) answers \(response.status)", remedy: "see the state of the API server"))
        }
        guard let json = response.json, json["kind"]?.string == "Secret" else {
            return .failure(.unavailable("the answer is no Secret of Kubernetes", remedy: "check `address` of the source"))
        }
        var payload = SecretPayload()
        for (name, value) in json["data"]?.object?.members ?? [] {
            guard let encoded = value.string, let text = Base64Text.decode(encoded) else {
                // Only what a reference asks for has to be text.
                continue
            }
            payload.fields[name] = text
        }
        return .success(payload)
    }
}

enum Base64Text {
    /// Nil for what is no Base64, or is no text.
    static func decode(_ encoded: String) -> String? {
        let out = ByteBuffer()
        guard encoded.withView({ Base64.decode($0, into: out) }) else { return nil }
        return String(validating: out.view.array, as: UTF8.self)
    }
}
