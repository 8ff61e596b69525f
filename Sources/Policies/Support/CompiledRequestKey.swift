import Expressions
import GatewayCore
import PolicyKit
import Primitives
import Schema

/// Finds the bytes that stand for an exchange's requester.
struct CompiledRequestKey: Sendable {
    private enum Part: Sendable {
        case ip
        case consumer
        case route
        case upstream
        case connection
        case expression(Expression)
    }

    private let parts: [Part]
    private let prefix: AddressPrefix
    /// Addresses are written as people read them: for stores that people look into, and where a key has several parts. In memory four
    /// bytes do.
    private let isText: Bool

    /// - Parameters:
    ///   - keys: the setting `by`, which stands at `position`.
    ///   - isText: as a store on a server wants it.
    init(
        _ keys: RequestKeys, _ prefix: AddressPrefix, at position: SourcePosition, _ context: PolicyContext, isText: Bool
    ) throws(PolicyError) {
        var parts: [Part] = []
        for (index, key) in keys.keys.enumerated() {
            let path = keys.keys.count == 1 ? "by" : "by[\(index)]"
            switch key {
            case .ip: parts.append(.ip)
            case .consumer: parts.append(.consumer)
            case .route: parts.append(.route)
            case .upstream: parts.append(.upstream)
            case .connection: parts.append(.connection)
            case .expression(let text):
                let expression = try context.compile(text, path)
                guard expression.constant == nil else {
                    throw PolicyError(
                        "the expression is the same for every request", at: position, path: path,
                        remedy: "`by: route` counts all requests of a route together")
                }
                parts.append(.expression(expression))
            }
        }
        self.parts = parts
        self.isText = isText || parts.count > 1
        self.prefix = prefix
    }

    /// Valid until the loop's scratch or evaluator is used again. Nobody gets by without a count: those without an address, a
    /// consumer or a value share the empty key.
    func bytes(_ exchange: Exchange) -> ByteView {
        let scratch = exchange.tools.scratch
        scratch.clear()
        if parts.count == 1, case .expression(let expression) = parts[0] {
            let value = exchange.evaluate(expression)
            if case .string(let text) = value { return text }
            value.write(to: scratch)
            return scratch.view
        }
        for index in parts.indices {
            if index > 0 { scratch.append(byte: 0) }
            write(parts[index], exchange, to: scratch)
        }
        return scratch.view
    }

    @inline(__always)
    private func write(_ part: Part, _ exchange: Exchange, to scratch: ByteBuffer) {
        switch part {
        case .ip:
            if isText {
                prefix.writeText(exchange.client.address, to: scratch)
            } else {
                prefix.write(exchange.client.address, to: scratch)
            }
        case .consumer:
            if let consumer = exchange.consumer { scratch.append(text: consumer.name) }
        case .route: if let route = exchange.routeInfo { CompiledRequestKey.write(route, to: scratch) }
        case .upstream:
            guard let route = exchange.routeInfo else { break }
            // Where each request decides, the route stands for all that it may go to.
            if route.upstream.isEmpty { CompiledRequestKey.write(route, to: scratch) } else { scratch.append(text: route.upstream) }
        case .connection:
            exchange.client.peer.write(to: scratch)
            scratch.append(byte: UInt8(ascii: " "))
            scratch.append(decimal: Int(exchange.client.port))
            if let listener = exchange.listener {
                scratch.append(byte: UInt8(ascii: " "))
                scratch.append(text: listener.name)
            }
        case .expression(let expression): exchange.evaluate(expression).write(to: scratch)
        }
    }

    private static func write(_ route: RouteInfo, to out: ByteBuffer) {
        out.append(text: route.api)
        out.append(byte: 0)
        out.append(text: route.name)
    }

    /// The key that people mean by these texts, one for each part (a route has two: its API and its name); nil if they are not so many, or
    /// an address is none.
    func bytes(named texts: [String]) -> [UInt8]? {
        let out = ByteBuffer()
        var rest = texts[...]
        for (index, part) in parts.enumerated() {
            if index > 0 { out.append(byte: 0) }
            guard let text = rest.popFirst() else { return nil }
            switch part {
            case .ip:
                guard let address = IPAddress(parsing: text) else { return nil }
                if isText { prefix.writeText(address, to: out) } else { prefix.write(address, to: out) }
            case .route:
                guard let name = rest.popFirst() else { return nil }
                out.append(text: text)
                out.append(byte: 0)
                out.append(text: name)
            case .consumer, .upstream, .connection, .expression: out.append(text: text)
            }
        }
        return rest.isEmpty ? out.view.array : nil
    }
}
