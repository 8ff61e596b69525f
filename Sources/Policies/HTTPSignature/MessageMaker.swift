import GatewayCore
import Identity
import PolicyKit
import Primitives
import Reactor
import Schema

/// Signs messages of one kind, as `sign` says.
struct MessageMaker: Sendable {
    let mostBody: Int
    private let signer: MessageSigner
    private let digest: DigestAlgorithm?
    /// Fields of requests that responses sign.
    private let askedNames: [[UInt8]]

    init(_ config: HTTPSignature.Maker, _ path: String, isResponse: Bool) throws(PolicyError) {
        let usual = isResponse ? ["@status", "content-type", "content-digest"] : ["@method", "@target-uri", "content-type", "content-digest"]
        let components = try HTTPSignature.components(config.components ?? usual, at: config.$components.position, "\(path).components")
        for component in components where !MessageMaker.canSign(component, isResponse: isResponse) {
            throw PolicyError(
                "`\(component.identifier.value.string ?? "")` can't be signed in a \(isResponse ? "response" : "request")",
                at: config.$components.position, path: "\(path).components")
        }
        guard StructuredDictionary.isKey(config.label) else {
            throw PolicyError("a label is made of lower-case letters, digits and `_-.*`", at: config.$label.position, path: "\(path).label")
        }
        signer = MessageSigner(
            label: config.label, components: components, keyID: config.keyId, key: try config.key(path), statesAlgorithm: config.stateAlgorithm,
            lifetime: config.lifetime?.components.seconds, tag: config.tag)
        let signsDigest = components.contains { component in
            if case .field("content-digest", _, isTrailer: false) = component.kind { return !component.isOfRequest }
            return false
        }
        digest = signsDigest ? config.digest.algorithm : nil
        mostBody = config.mostBody.bytes
        askedNames = components.compactMap { component in
            guard component.isOfRequest, case .field(let name, _, _) = component.kind else { return nil }
            return Array(name.utf8)
        }
    }

    /// Trailers come when the head is gone; a request answers nothing.
    private static func canSign(_ component: SignatureComponent, isResponse: Bool) -> Bool {
        switch component.kind {
        case .field(_, _, let isTrailer): !isTrailer && (isResponse || !component.isOfRequest)
        case .derived(let derived): derived == .status ? isResponse && !component.isOfRequest : component.isOfRequest == isResponse
        }
    }

    // MARK: Bodies

    /// Whether a body has to be collected, for its digest.
    func wantsBody(of fields: HeaderFields, isEmpty: Bool) -> Bool { digest != nil && !isEmpty && fields.first(ByteView("content-digest")) == nil }

    /// False: it can't be computed.
    func addDigest(of body: ByteView, to fields: HeaderFields) -> Bool {
        guard let digest, let value = try? Digest.compute(digest, body) else { return false }
        fields.append(.other, name: ByteView("content-digest")) { DigestField.write(digest, value, to: $0) }
        return true
    }

    // MARK: Signing

    /// The fields of the request that the response's signature will cover.
    func remember(_ exchange: Exchange) -> [RememberedField] {
        askedNames.map { name in
            var lines: [[UInt8]] = []
            name.withView { name in
                exchange.request.fields.forEach(named: name) {
                    lines.append($0.trimmed.array)
                    return true
                }
            }
            return RememberedField(name: name, lines: lines)
        }
    }

    func sign(_ exchange: Exchange, asked: [RememberedField]) {
        sign(GivenResponse(exchange: exchange, asked: asked), exchange, adding: exchange.response.fields)
    }

    func sign(_ exchange: Exchange, isSecure: Bool) {
        sign(ForwardedRequest(exchange: exchange, isSecure: isSecure), exchange, adding: exchange.request.fields)
    }

    /// Adds the members of the signature to the fields, in lines of their own, which are one field (RFC 9651 §3.2). A message that can't
    /// be signed goes without.
    private func sign(_ message: some SignedMessage, _ exchange: Exchange, adding fields: HeaderFields) {
        let input = ByteBuffer(capacity: 256), signature = ByteBuffer(capacity: 512)
        do throws(SignatureError) {
            try signer.withoutMissing(message).sign(message, now: Int64(exchange.unixSeconds), input: input, signature: signature)
        } catch { return }
        fields.append(.other, name: ByteView("signature-input"), input.view)
        fields.append(.other, name: ByteView("signature"), signature.view)
    }
}

/// Signs a request when its endpoint is known.
final class MessageSeal: RequestSeal {
    private let maker: MessageMaker
    /// Fields that the client's own signatures are in, before ours is added to them.
    private var before: [[[UInt8]]]?

    init(_ maker: MessageMaker) { self.maker = maker }

    func seal(_ exchange: Exchange, isSecure: Bool) {
        let fields = exchange.request.fields
        let names: [StaticString] = ["signature-input", "signature"]
        if let before {
            // Another attempt: away with the signature of the last one.
            for (name, lines) in zip(names, before) {
                fields.remove(named: ByteView(name))
                for line in lines { line.withView { fields.append(.other, name: ByteView(name), $0) } }
            }
        } else {
            before = names.map { name in
                var lines: [[UInt8]] = []
                fields.forEach(named: ByteView(name)) {
                    lines.append($0.array)
                    return true
                }
                return lines
            }
        }
        maker.sign(exchange, isSecure: isSecure)
    }
}
