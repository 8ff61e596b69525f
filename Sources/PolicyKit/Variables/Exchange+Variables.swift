package import Expressions
package import GatewayCore
package import Primitives
import Reactor

/// An exchange as expressions see it.
extension Exchange: ExpressionVariables {
    package func value(_ id: UInt16, _ scratch: ByteBuffer) -> ExpressionValue? {
        guard let variable = GatewayVariable(rawValue: id) else { return nil }
        switch variable {
        case .requestMethod: return .string(request.methodName)
        case .requestPath: return .string(request.path)
        case .requestHost: return .string(request.host)
        case .requestScheme: return .string(clientScheme)
        case .requestSize: return .int(request.announcedSize)
        case .requestTime: return startedAt.map { .timestamp($0) }
        case .requestID: return .string(written(scratch) { writeRequestID(to: $0) })
        case .sourceIP: return .string(written(scratch) { client.address.write(to: $0) })
        case .sourcePort: return .int(Int(client.port))
        case .certificateSubject: return certificate.map { .string(lent($0.subject, scratch)) }
        case .certificateIssuer: return certificate.map { .string(lent($0.issuer, scratch)) }
        case .certificateSerial: return certificate.map { .string(lent($0.serial, scratch)) }
        case .certificateSPIFFE: return certificate?.spiffe.map { .string(lent($0.description, scratch)) }
        case .certificateFingerprint: return certificate.map { .string(lent($0.fingerprint, scratch)) }
        case .consumerName: return consumer.map { .string(lent($0.name, scratch)) }
        case .consumerApplication: return consumer.map { .string(lent($0.application ?? "", scratch)) }
        case .responseStatus: return response.status > 0 ? .int(response.status) : nil
        case .route: return routeInfo.map { .string(lent($0.name, scratch)) }
        case .api: return routeInfo.map { .string(lent($0.api, scratch)) }
        case .requestHeaders, .requestQuery, .requestCookies, .responseHeaders, .consumerGroups, .consumerAttributes, .consumerPlans, .claims,
            .params,
            .certificateNames:
            return nil
        }
    }

    package func entry(_ id: UInt16, key: ByteView, _ scratch: ByteBuffer) -> ExpressionValue? {
        guard let variable = GatewayVariable(rawValue: id) else { return nil }
        switch variable {
        case .requestHeaders: return joined(request.fields, key, scratch).map { .string($0) }
        case .responseHeaders: return joined(response.fields, key, scratch).map { .string($0) }
        case .requestQuery: return first(scratch) { QueryString.forEach(request.query ?? ByteView(), named: key, $0) }
        case .requestCookies: return first(scratch) { Cookies.forEach(request.fields, named: key, $0) }
        case .params: return parameter(key).map { .string($0) }
        case .claims: return claim(key, scratch)
        case .consumerAttributes:
            return consumer?.attributes.first { $0.name.withView { $0 == key } }.map { .string(lent($0.value, scratch)) }
        default: return nil
        }
    }

    package func whole(_ id: UInt16) -> ExpressionValue? {
        guard let variable = GatewayVariable(rawValue: id) else { return nil }
        let text = tools.takeText()
        switch variable {
        case .requestHeaders: return text.map(.fields) { add in forEach(of: request.fields, add) }
        case .responseHeaders: return text.map(.fields) { add in forEach(of: response.fields, add) }
        case .requestQuery: return text.map(.plain) { add in QueryString.forEach(request.query ?? ByteView(), add) }
        case .requestCookies: return text.map(.plain) { add in Cookies.forEach(request.fields, add) }
        case .params:
            return text.map(.plain) { add in
                for (i, name) in (routeInfo?.parameters ?? []).enumerated() where captures.parameters.indices.contains(i) {
                    name.withView { add($0, request.view(captures.parameters[i])) }
                }
            }
        case .claims: return principal?.claims.flatMap { text.value(of: $0) }
        case .consumerGroups: return consumer.map { text.list($0.groups) }
        case .consumerPlans: return consumer.map { text.list($0.plans) }
        case .certificateNames: return certificate.map { text.list($0.names.map(\.description)) }
        case .consumerAttributes:
            return consumer.flatMap { consumer in
                text.map(.plain) { add in
                    for (name, value) in consumer.attributes { name.withView { name in value.withView { add(name, $0) } } }
                }
            }
        default: return nil
        }
    }

    /// A path parameter, as it stands in the path.
    package func parameter(_ name: ByteView) -> ByteView? {
        guard let names = routeInfo?.parameters else { return nil }
        for (i, candidate) in names.enumerated() where captures.parameters.indices.contains(i) {
            if candidate.withView({ $0 == name }) { return request.view(captures.parameters[i]) }
        }
        return nil
    }

    /// What a verified token says.
    private func claim(_ name: ByteView, _ scratch: ByteBuffer) -> ExpressionValue? {
        guard let value = principal?.claims?.object?.members.first(where: { $0.name.withView { $0 == name } })?.value else { return nil }
        switch value {
        case .string(let text): return .string(lent(text, scratch))
        case .null: return .null
        case .bool(let value): return .bool(value)
        case .number(let number): return ExpressionValue(number)
        case .array, .object: return tools.takeText().value(of: value)
        }
    }

    /// When the request's head had come.
    private var startedAt: ExpressionTimestamp? {
        let nanoseconds = loop.wallClock &- (loop.now.nanoseconds &- min(started, loop.now).nanoseconds)
        return ExpressionTimestamp(seconds: Int(nanoseconds / 1_000_000_000), nanoseconds: Int(nanoseconds % 1_000_000_000))
    }

    private func written(_ scratch: ByteBuffer, _ write: (ByteBuffer) -> Void) -> ByteView {
        let start = scratch.count
        write(scratch)
        return scratch.view(start..<scratch.count)
    }

    private func lent(_ text: String, _ scratch: ByteBuffer) -> ByteView { written(scratch) { $0.append(text: text) } }

    /// The value of a field; several lines are one list (RFC 9110 §5.3).
    private func joined(_ fields: HeaderFields, _ name: ByteView, _ scratch: ByteBuffer) -> ByteView? {
        var first: ByteView?
        var isList = false
        let start = scratch.count
        fields.forEach(named: name) { value in
            guard let before = first else {
                first = value
                return true
            }
            if !isList { scratch.append(before) }
            isList = true
            scratch.append(", ")
            scratch.append(value)
            return true
        }
        return isList ? scratch.view(start..<scratch.count) : first
    }

    private func first(_ scratch: ByteBuffer, _ search: ((ByteView) -> Bool) -> Void) -> ExpressionValue? {
        var found = false
        let start = scratch.count
        search { value in
            scratch.append(value)
            found = true
            return false
        }
        return found ? .string(scratch.view(start..<scratch.count)) : nil
    }

    private func forEach(of fields: HeaderFields, _ body: (ByteView, ByteView) -> Void) {
        for i in 0..<fields.count where !fields.isRemoved(at: i) { body(fields.name(at: i), fields.value(at: i)) }
    }
}
