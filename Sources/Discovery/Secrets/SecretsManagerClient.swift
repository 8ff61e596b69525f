import GatewayCore
import Glibc
import Identity
import Model
import Primitives
import Reactor

/// AWS Secrets Manager: `GetSecretValue`, signed with version 4 of AWS's signatures.
final class SecretsManagerClient: SecretClient {
    private let endpoint: SourceEndpoint
    private let region: String
    private let given: AWSCredentials?

    init(_ settings: SecretsManagerSource, transport: any SecretTransport) throws(SecretFailure) {
        guard let region = settings.region ?? AWSCredentials.variable("AWS_REGION") ?? AWSCredentials.variable("AWS_DEFAULT_REGION") else {
            throw .unavailable("no AWS region is known", remedy: "set `region` of the source, or $AWS_REGION")
        }
        self.region = region
        given = settings.accessKeyId.flatMap { id in
            settings.secretAccessKey.map { AWSCredentials(accessKey: id, secret: $0, sessionToken: settings.sessionToken) }
        }
        let domain = region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
        endpoint = try SourceEndpoint(
            "Secrets Manager", settings.endpoint ?? "https://secretsmanager.\(region).\(domain)", authorities: settings.authorities?.path,
            transport: transport)
    }

    func fetch(_ path: String, until deadline: Instant) -> Result<SecretPayload, SecretFailure> {
        guard let credentials = given ?? AWSCredentials.fromEnvironment else {
            return .failure(
                .unavailable(
                    "there are no AWS credentials", remedy: "set $AWS_ACCESS_KEY_ID and $AWS_SECRET_ACCESS_KEY, or those of the source"))
        }
        let body: JSON = ["SecretId": .string(path)]
        var request = SecretRequest(url: endpoint.url(""), method: "POST", security: endpoint.security)
        request.body = body.bytes
        request.headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", "secretsmanager.GetSecretValue")]
        do {
            try credentials.sign(&request, region: region, service: "secretsmanager", now: SecretsManagerClient.unixSeconds)
        } catch {
            return .failure(.unavailable("a request can't be signed: \(error)", remedy: "check the credentials of the source"))
        }
        return endpoint.send(request, until: deadline).flatMap { SecretsManagerClient.payload($0, path, endpoint.name) }
    }

    private static var unixSeconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec)
    }

    static func payload(_ response: FetchResponse, _ path: String, _ source: String) -> Result<SecretPayload, SecretFailure> {
        guard response.status == 200 else { return .failure(failure(response, path, source)) }
        var payload = SecretPayload()
        if let text = response.json?["SecretString"]?.string {
            payload.whole = text
            if let object = (try? JSON.parse(text))?.object { payload.fields = SecretPayload.fields(of: object) }
        } else if let encoded = response.json?["SecretBinary"]?.string {
            guard let text = Base64Text.decode(encoded) else {
                return .failure(.missing("\(path) is no text", remedy: "only secrets that are text can be used"))
            }
            payload.whole = text
        } else {
            return .failure(.unavailable("the answer is not that of Secrets Manager", remedy: "check `endpoint` of the source"))
        }
        return .success(payload)
    }

    /// `__type` names the error, sometimes behind a namespace.
    private static func failure(_ response: FetchResponse, _ path: String, _ source: String) -> SecretFailure {
        let type = response.json?["__type"]?.string?.split(separator: "#").last.map(String.init) ?? ""
        let message = response.json?["message"]?.string ?? response.json?["Message"]?.string ?? ""
        let said = "\(type)\(message.isEmpty ? "" : ": \(message.prefix(200))")"
        switch type {
        case "ResourceNotFoundException": return .missing("\(source) has no secret \(path)", remedy: "check its name and the region")
        case "InvalidParameterException", "InvalidRequestException", "ValidationException":
            return .missing("\(source) refuses to give \(path): \(said)", remedy: "check that it is not marked for deletion")
        case "AccessDeniedException":
            return .unavailable(
                "\(source) does not let the gateway read \(path)",
                remedy: "its policy must allow `secretsmanager:GetSecretValue`, and `kms:Decrypt` on its key")
        default:
            return .unavailable(
                "\(source) answers \(response.status) \(said)", remedy: "check the credentials, the region and the clock of this machine")
        }
    }
}

/// A key of AWS's and its secret.
struct AWSCredentials: Sendable {
    let accessKey: String
    let secret: String
    let sessionToken: String?

    /// Asked for anew every time: whoever lends credentials for a while puts new ones in their place.
    static var fromEnvironment: AWSCredentials? {
        guard let accessKey = variable("AWS_ACCESS_KEY_ID"), let secret = variable("AWS_SECRET_ACCESS_KEY") else { return nil }
        return AWSCredentials(accessKey: accessKey, secret: secret, sessionToken: variable("AWS_SESSION_TOKEN"))
    }

    /// Nil for one that is empty, too.
    static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Adds date, token and signature to a request that has everything else.
    func sign(_ request: inout SecretRequest, region: String, service: String, now: Int64) throws {
        let time = SigV4Time(seconds: now)
        request.headers.append(("x-amz-date", time.text))
        if let sessionToken { request.headers.append(("x-amz-security-token", sessionToken)) }
        let signer = SigV4Signer(accessKey: accessKey, secret: secret, region: region, service: service)
        let names = (request.headers.map(\.name) + ["host"]).sorted()
        let authorization = try signer.authorization(
            AWSMessage(request), signedHeaders: names, payload: .digest(try Digest.sha256(request.body)), time: time, key: try signer.key(at: time))
        request.headers.append(("authorization", String(decoding: authorization, as: UTF8.self)))
    }
}

/// A request as its signature sees it.
private struct AWSMessage: SignedMessage {
    private let request: SecretRequest
    private let texts = ByteBuffer(capacity: 512)
    private let line: [Range<Int>]

    init(_ request: SecretRequest) {
        self.request = request
        var line: [Range<Int>] = []
        for text in [request.method, request.url.isSecure ? "https" : "http", request.url.authority, request.url.target] {
            let start = texts.count
            texts.append(text: text)
            line.append(start..<texts.count)
        }
        self.line = line
    }

    var control: SignedControl {
        .request(
            SignedRequestLine(
                method: texts.view(line[0]), scheme: texts.view(line[1]), authority: texts.view(line[2]), target: texts.view(line[3])))
    }

    func forEachLine(of name: ByteView, isTrailer: Bool, _ body: (ByteView) -> Bool) {
        if name == "host" {
            _ = body(texts.view(line[2]))
            return
        }
        for header in request.headers where header.name.withView({ $0 == name }) {
            guard header.value.withView(body) else { return }
        }
    }

    var answered: (any SignedMessage)? { nil }
}
