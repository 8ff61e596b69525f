import GatewayCore
import PolicyKit
import Primitives

/// The `input` document: that of OPA's plugin for Envoy, so that its policies work here, and what else the gateway knows.
///
/// Nothing in it differs between requests that are the same, so decisions can be remembered by it: it has no time, no id and no port.
struct OPAInput: Sendable {
    /// Nil: all.
    let names: FieldNames?
    let showsClaims: Bool

    func bytes(_ exchange: Exchange, body: [UInt8]?) -> [UInt8] {
        let input = document(exchange, body: body)
        return (["input": input] as JSON).bytes
    }

    func document(_ exchange: Exchange, body: [UInt8]?) -> JSON {
        let request = exchange.request
        var http: JSONObject = [
            "method": .string(request.methodName.string), "path": .string(exchange.normalTarget), "host": .string(request.authority.string),
            "scheme": .string(exchange.clientScheme.string), "protocol": .string(request.majorVersion == 2 ? "HTTP/2" : "HTTP/1.1"),
            "headers": headers(request.fields), "size": .number(JSONNumber(request.announcedSize)),
        ]
        if let body { http["body"] = .string(String(decoding: body, as: UTF8.self)) }
        let address: JSON = ["socketAddress": ["address": .string(exchange.client.address.description)]]
        var input: JSONObject = [
            "attributes": ["request": ["http": .object(http)], "source": ["address": address]], "parsed_path": parsedPath(request.path),
            "parsed_query": parsedQuery(request.query),
        ]
        input["parsed_body"] = body.flatMap { parsedBody($0, request.fields) }
        addCaller(exchange, to: &input)
        addRoute(exchange, to: &input)
        return .object(input)
    }

    /// Several lines of a field are one list (RFC 9110 §5.3).
    private func headers(_ fields: HeaderFields) -> JSON {
        var object = JSONObject()
        for (name, value) in fields.forAsking({ names?.contains($0) ?? true }) {
            object[name] = .string(object[name]?.string.map { "\($0), \(value)" } ?? value)
        }
        return .object(object)
    }

    private func parsedPath(_ path: ByteView) -> JSON {
        let segments = path.string.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        return .array(segments.map { segment in segment.utf8Decoded })
    }

    private func parsedQuery(_ query: ByteView?) -> JSON {
        var names: [String] = [], values: [String: [JSON]] = [:]
        QueryString.forEach(query ?? ByteView()) { name, value in
            let name = name.string
            if values[name] == nil { names.append(name) }
            values[name, default: []].append(.string(value.string))
        }
        return .object(JSONObject(distinct: names.map { ($0, .array(values[$0] ?? [])) }))
    }

    private func parsedBody(_ body: [UInt8], _ fields: HeaderFields) -> JSON? {
        guard let type = fields[.contentType]?.string.prefix(while: { $0 != ";" }).lowercased(), type.hasSuffix("json") || type.hasSuffix("json ")
        else { return nil }
        return try? JSON.parse(body)
    }

    private func addCaller(_ exchange: Exchange, to input: inout JSONObject) {
        if let consumer = exchange.consumer {
            var attributes = JSONObject()
            for (name, value) in consumer.attributes { attributes[name] = .string(value) }
            input["consumer"] = [
                "name": .string(consumer.name), "groups": .array(consumer.groups.map { .string($0) }), "attributes": .object(attributes),
            ]
        }
        guard let principal = exchange.principal else { return }
        input["principal"] = [
            "method": .string(principal.method), "subject": .string(principal.subject), "scopes": .array(principal.scopes.map { .string($0) }),
        ]
        if showsClaims, let claims = principal.claims { input["claims"] = claims }
    }

    private func addRoute(_ exchange: Exchange, to input: inout JSONObject) {
        guard let route = exchange.routeInfo else { return }
        input["api"] = .string(route.api)
        input["route"] = .string(route.name)
        var parameters = JSONObject()
        for name in route.parameters { parameters[name] = name.withView { exchange.parameter($0) }.map { .string($0.string) } }
        input["params"] = .object(parameters)
    }
}

extension Substring {
    /// A segment of a path, without escapes.
    fileprivate var utf8Decoded: JSON {
        var bytes: [UInt8] = []
        var rest = Array(utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%"), rest.count >= 2, let high = rest.first.flatMap(ASCII.hexValue),
                let low = rest.dropFirst().first.flatMap(ASCII.hexValue)
            else {
                bytes.append(byte)
                continue
            }
            bytes.append(high << 4 | low)
            rest = rest.dropFirst(2)
        }
        return .string(String(decoding: bytes, as: UTF8.self))
    }
}
