import GatewayCore
import Identity
import PolicyKit
import Primitives
import Schema
import Synchronization

/// Signs requests for AWS: what all of them have in common.
final class SigV4Maker: Sendable {
    let signer: SigV4Signer
    let sessionToken: String?
    let isUnsigned: Bool
    let mostBody: Int
    private let key = Mutex<(day: String, key: SigV4Key)?>(nil)

    init(_ config: UpstreamAuth.SigV4) {
        signer = SigV4Signer(accessKey: config.accessKey, secret: config.secretKey.text, region: config.region, service: config.service)
        sessionToken = config.sessionToken?.text
        isUnsigned = config.unsignedPayload
        mostBody = config.mostBody.bytes
    }

    /// The key of the day, made once.
    func key(at time: SigV4Time) throws(CryptoError) -> SigV4Key {
        if let known = key.withLock({ $0 }), known.day == time.day { return known.key }
        let made = try signer.key(at: time)
        key.withLock { $0 = (time.day, made) }
        return made
    }
}

/// Signs one request, when its endpoint and so its host are known.
final class SigV4Seal: RequestSeal {
    private let maker: SigV4Maker
    private let payload: SigV4Payload

    init(_ maker: SigV4Maker, _ payload: SigV4Payload) {
        self.maker = maker
        self.payload = payload
    }

    func seal(_ exchange: Exchange, isSecure: Bool) {
        let fields = exchange.request.fields
        let time = SigV4Time(seconds: Int64(exchange.unixSeconds))
        // What the client says of that kind, and what an earlier attempt has said.
        for name in [ByteView("x-amz-date"), ByteView("x-amz-security-token"), ByteView("x-amz-content-sha256")] { fields.remove(named: name) }
        fields.remove(.authorization)
        fields.append(.other, name: ByteView("x-amz-date")) { $0.append(text: time.text) }
        fields.append(.other, name: ByteView("x-amz-content-sha256")) { self.payload.write(to: $0) }
        if let token = maker.sessionToken { fields.append(.other, name: ByteView("x-amz-security-token")) { $0.append(text: token) } }
        guard let key = try? maker.key(at: time),
            let authorization = try? maker.signer.authorization(
                ForwardedRequest(exchange: exchange, isSecure: isSecure), signedHeaders: SigV4Seal.signed(fields), payload: payload, time: time,
                key: key)
        else { return }
        authorization.withView { fields.append(.authorization, $0) }
    }

    /// The host, the type of the body, and all that AWS acts on. What proxies on the way may change is left out.
    private static func signed(_ fields: HeaderFields) -> [String] {
        var names: Set<String> = ["host"]
        for i in 0..<fields.count where !fields.isRemoved(at: i) {
            let name = fields.name(at: i)
            if fields.known(at: i) == .contentType || name.prefix(6).equalsIgnoringCase("x-amz-") {
                names.insert(String(decoding: name.array.map(ASCII.lowercase), as: UTF8.self))
            }
        }
        return names.sorted()
    }
}
