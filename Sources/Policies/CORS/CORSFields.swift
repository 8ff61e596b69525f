import GatewayCore
import PolicyKit
import Primitives
import Schema

/// The fields of the CORS protocol, with everything prepared that does not depend on the request.
struct CORSFields: Sendable {
    private enum Names: Sendable {
        /// Those that the browser asks for.
        case asked
        case listed([UInt8])
    }

    private enum Exposed: Sendable {
        case nothing
        case listed([UInt8])
        /// Each name of the response: beside credentials, `*` is a name like any other.
        case named
    }

    private let allowsAll: Bool
    private let credentials: Bool
    private let privateNetwork: Bool
    private let methods: Names
    private let headers: Names
    private let exposed: Exposed
    private let maxAge: [UInt8]

    static var allowOrigin: ByteView { ByteView("access-control-allow-origin") }
    static var requestMethod: ByteView { ByteView("access-control-request-method") }
    private static var requestHeaders: ByteView { ByteView("access-control-request-headers") }
    private static var requestPrivateNetwork: ByteView { ByteView("access-control-request-private-network") }
    private static let commonMethods: [UInt8] = Array("GET, HEAD, POST, PUT, PATCH, DELETE".utf8)

    init(_ config: CORS.Config, allowsAll: Bool) throws(PolicyError) {
        self.allowsAll = allowsAll
        credentials = config.credentials
        privateNetwork = config.privateNetwork
        maxAge = Array("\(config.maxAge.components.seconds)".utf8)
        try CORSFields.checkMethods(config)
        try CORSFields.checkNames(config.headers, config.$headers.position, "headers")
        try CORSFields.checkNames(config.exposed, config.$exposed.position, "exposed")
        methods =
            config.methods.isEmpty
            ? .listed(CORSFields.commonMethods)
            : config.methods.contains("*") ? .asked : .listed(Array(config.methods.joined(separator: ", ").utf8))
        headers =
            config.headers.isEmpty || config.headers.contains("*") ? .asked : .listed(Array(config.headers.joined(separator: ", ").utf8))
        exposed =
            config.exposed.isEmpty
            ? .nothing
            : config.credentials && config.exposed.contains("*") ? .named : .listed(Array(config.exposed.joined(separator: ", ").utf8))
    }

    private static func checkMethods(_ config: CORS.Config) throws(PolicyError) {
        for method in config.methods {
            guard !method.isEmpty, method.utf8.allSatisfy(ASCII.isToken) else {
                throw PolicyError("`\(method)` can't be a method", at: config.$methods.position, path: "methods")
            }
            // The Fetch standard compares them as they are written, and changes the case of a few alone.
            let upper = method.uppercased()
            if HTTPMethod(name: method) == nil, HTTPMethod(name: upper) != nil {
                throw PolicyError("methods are case-sensitive", at: config.$methods.position, path: "methods", remedy: "write \(upper)")
            }
        }
    }

    private static func checkNames(_ names: [String], _ position: SourcePosition, _ path: String) throws(PolicyError) {
        for name in names where name.isEmpty || !name.utf8.allSatisfy(ASCII.isToken) {
            throw PolicyError("`\(name)` can't be the name of a header", at: position, path: path)
        }
    }

    // MARK: Answers to requests

    /// To a request without `Origin`. An answer that is the same for everybody always says so, and then suits every cache.
    func writeUnasked(to response: HeaderFields) {
        guard allowsAll else { return writeVary(to: response) }
        writeOrigin(ByteView("*"), to: response)
        writeExposed(to: response)
    }

    func write(_ exchange: Exchange, origin: ByteView) {
        let response = exchange.response.fields
        writeAllowed(origin, to: response)
        if case .named = exposed { writeNames(exchange) } else { writeExposed(to: response) }
        writeVary(to: response)
    }

    /// The answer depends on who asks, so caches must tell origins apart, those that are refused too.
    func writeVary(to response: HeaderFields) {
        if !allowsAll { response.addVary("Origin") }
    }

    private func writeAllowed(_ origin: ByteView, to response: HeaderFields) {
        writeOrigin(allowsAll ? ByteView("*") : origin, to: response)
        if credentials { response.append(.other, name: ByteView("access-control-allow-credentials"), ByteView("true")) }
    }

    private func writeOrigin(_ origin: ByteView, to response: HeaderFields) {
        response.append(.other, name: CORSFields.allowOrigin, origin)
    }

    private func writeExposed(to response: HeaderFields) {
        guard case .listed(let names) = exposed else { return }
        names.withView { response.append(.other, name: ByteView("access-control-expose-headers"), $0) }
    }

    private func writeNames(_ exchange: Exchange) {
        let response = exchange.response.fields
        let list = exchange.tools.scratch
        list.clear()
        for i in 0..<response.count where !response.isRemoved(at: i) {
            let name = response.name(at: i)
            if name.prefix(15).equalsIgnoringCase("access-control-") || name.prefix(10).equalsIgnoringCase("set-cookie") { continue }
            if !list.isEmpty { list.append(", ") }
            list.append(name)
        }
        if !list.isEmpty { response.append(.other, name: ByteView("access-control-expose-headers"), list.view) }
    }

    // MARK: Answers to preflights

    func writePreflight(_ exchange: Exchange, origin: ByteView) {
        let request = exchange.request.fields, response = exchange.response.fields
        writeAllowed(origin, to: response)
        write(methods, asked: CORSFields.requestMethod, of: request, as: ByteView("access-control-allow-methods"), to: response)
        write(headers, asked: CORSFields.requestHeaders, of: request, as: ByteView("access-control-allow-headers"), to: response)
        maxAge.withView { response.append(.other, name: ByteView("access-control-max-age"), $0) }
        if privateNetwork, let asked = request.first(CORSFields.requestPrivateNetwork), asked == "true" {
            response.append(.other, name: ByteView("access-control-allow-private-network"), ByteView("true"))
        }
        writePreflightVary(to: response)
    }

    func writePreflightVary(to response: HeaderFields) {
        response.addVary("Origin")
        response.addVary("Access-Control-Request-Method")
        response.addVary("Access-Control-Request-Headers")
        if privateNetwork { response.addVary("Access-Control-Request-Private-Network") }
    }

    /// What is echoed is a list of tokens, whatever was sent.
    private func write(_ names: Names, asked: ByteView, of request: HeaderFields, as name: ByteView, to response: HeaderFields) {
        switch names {
        case .listed(let names): names.withView { response.append(.other, name: name, $0) }
        case .asked:
            guard let list = request.first(asked) else { return }
            for i in 0..<list.count where !ASCII.isToken(list[i]) && !ASCII.isBlank(list[i]) && list[i] != UInt8(ascii: ",") { return }
            response.append(.other, name: name, list)
        }
    }
}
