import GatewayCore
import Primitives

/// The head of a request, field by field (RFC 9113 §8.2, §8.3). The session has checked the syntax, and that pseudo fields
/// come first, once, and only those that there are.
extension HTTP2Stream {
    private var limits: HeadLimits { owner.server.settings.head }

    /// Takes a field of the head. False: the stream is to be refused.
    func addField(_ name: ByteView, _ value: ByteView) -> Bool {
        guard let request = exchange?.request, headError == nil else { return true }
        guard count(name, value) else { return true }
        if name.count > 0, name[0] == UInt8(ascii: ":") {
            addPseudo(name, value, to: request)
            return true
        }
        fieldCount += 1
        guard fieldCount <= limits.fields else {
            headError = GatewayError(.tooManyHeaders, "More than \(limits.fields) header fields.")
            return true
        }
        let known = KnownField.named(name)
        if known == .cookie { cookies += 1 }
        request.fields.append(known, name: name, value)
        return true
    }

    private func addPseudo(_ name: ByteView, _ value: ByteView, to request: RequestHead) {
        // `:scheme` is what the listener is.
        switch name.count {
        case 5:
            guard value.count <= limits.target else {
                headError = GatewayError(.targetTooLong, "The request target is longer than \(limits.target) bytes.")
                return
            }
            request.targetSpan = request.store { $0.append(value) }
        case 7 where name == ":method": request.methodSpan = request.store { $0.append(value) }
        case 9: protocolSpan = request.store { $0.append(value) }
        case 10: authority = request.store { $0.append(value) }
        default: break
        }
    }

    /// Counts what HTTP/1 would have needed for the field.
    private func count(_ name: ByteView, _ value: ByteView) -> Bool {
        headBytes += name.count + value.count + 4
        if headBytes <= limits.bytes, name.count <= 0xffff { return true }
        headError = GatewayError(.headersTooLarge, "The request head is longer than \(limits.bytes) bytes.")
        return false
    }

    /// Takes a field of the trailer section. False: it is too much, and the stream ends.
    func addTrailer(_ name: ByteView, _ value: ByteView) -> Bool {
        fieldCount += 1
        guard count(name, value), fieldCount <= limits.fields else { return false }
        let fields = trailers ?? HeaderFields()
        trailers = fields
        hasTrailers = true
        fields.append(KnownField.named(name), name: name, value)
        return true
    }

    /// The head is complete: it becomes a request, or an error that is answered like one.
    func headCompleted(endsStream: Bool) {
        guard let exchange else { return }
        inputHasEnded = endsStream
        if let error = headError ?? interpret(exchange.request, endsStream: endsStream) {
            owner.server.counters.protocolErrors += 1
            exchange.error = error
            owesEnd = false
        }
        owner.start(exchange, self)
    }

    private func interpret(_ request: RequestHead, endsStream: Bool) -> GatewayError? {
        if cookies > 1 { joinCookies(request) }
        if let error = addHost(request) { return error }
        if !protocolSpan.isEmpty {
            // Extended CONNECT (RFC 8441 §4): routes see the GET that HTTP/1 would have sent.
            guard request.methodName == "CONNECT" else { return GatewayError(.badHeader, ":protocol is for CONNECT alone.") }
            request.methodSpan = request.store { $0.append("GET") }
            request.upgradeSpan = protocolSpan
        }
        if let error = RequestFraming.interpret(request) { return error }
        if request.method != .connect {
            let target = request.target
            guard !target.isEmpty, target[0] == UInt8(ascii: "/") || target == "*" else {
                return GatewayError(.badTarget, "The path does not begin with a slash.")
            }
        }
        if let error = RequestTarget.interpret(request) { return error }
        if !request.upgradeSpan.isEmpty {
            request.framing = .none
            owesEnd = true
        } else {
            if request.framing == .none, !endsStream { request.framing = .chunked }
            owesEnd = request.framing.hasBody
        }
        return nil
    }

    /// `:authority` takes the place of Host; where both stand they agree (RFC 9113 §8.3.1).
    private func addHost(_ request: RequestHead) -> GatewayError? {
        guard !authority.isEmpty else {
            return request.fields.contains(.host) || request.methodName == "CONNECT"
                ? nil : GatewayError(.badHost, "The request names no authority.")
        }
        guard let host = request.fields[.host] else {
            request.fields.append(.host, at: authority)
            return nil
        }
        guard host.equalsIgnoringCase(request.view(authority)) else {
            return GatewayError(.badHost, "Host and :authority differ.")
        }
        return nil
    }

    /// Several `cookie` fields are one, for those behind that speak HTTP/1 (RFC 9113 §8.2.3).
    private func joinCookies(_ request: RequestHead) {
        let fields = request.fields
        let count = fields.count
        var total = 16
        for i in 0..<count where fields.known(at: i) == .cookie { total += fields.value(at: i).count + 2 }
        // Room first: what is written are views of what is written to.
        fields.storage.reserve(total)
        fields.remove(.cookie)
        fields.append(.cookie) { out in
            var isFirst = true
            for i in 0..<count where fields.known(at: i) == .cookie {
                if !isFirst { out.append("; ") }
                isFirst = false
                out.append(fields.value(at: i))
            }
        }
    }
}
