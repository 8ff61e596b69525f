package import GatewayCore
package import PolicyKit
import Primitives
package import Schema

/// Limits how long bodies may be.
package final class SizeLimit: Policy, RequestPolicy, RequestBodyPolicy, ResponsePolicy, ResponseBodyPolicy {
    package struct Config: Settings {
        @Setting(
            """
            Longest body of a request. One that says that it is longer is refused before any of it is read; one that does not say is cut when it \
            becomes longer. 0B refuses every body.
            """, ByteSize.bytes(0)...ByteSize.bytes(.max))
        package var request: ByteSize?

        @Setting(
            """
            Longest body of an upstream's response. One that says that it is longer is replaced by 502; one that does not say is cut when it \
            becomes longer, so that nobody takes it for complete.
            """, ByteSize.bytes(0)...ByteSize.bytes(.max))
        package var response: ByteSize?

        package static var about: String { "Limits how long the bodies of requests and responses may be." }
        package init() {}
    }

    package static let id = "size-limit"
    package static let example = """
        size-limit: { request: 1MiB, response: 10MiB }
        """
    package static let reasons: [Reason] = [.requestTooLarge, .responseTooLarge]
    package static var isGuard: Bool { true }

    private let request: Bound?
    private let response: Bound?

    private struct Bound: Sendable {
        let most: Int
        let error: GatewayError
    }

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        guard config.request != nil || config.response != nil else {
            throw PolicyError("there is no limit", remedy: "such as `{ request: 1MiB }`")
        }
        request = config.request.map { size in
            Bound(most: size.bytes, error: GatewayError(.requestTooLarge, "The request's body is longer than \(size.bytes) bytes."))
        }
        response = config.response.map { size in
            let detail = "The response's body is longer than \(size.bytes) bytes."
            return Bound(most: size.bytes, error: GatewayError(.responseTooLarge, .upstream, detail))
        }
    }

    package func phases(on route: RouteFacts) -> PolicyPhases {
        var phases: PolicyPhases = []
        if request != nil { phases.formUnion([.request, .requestBody]) }
        if response != nil, route.forwards { phases.formUnion([.response, .responseBody]) }
        return phases
    }

    // MARK: What is announced

    package func onRequest(_ exchange: Exchange) -> Verdict {
        guard let request, case .length(let count) = exchange.request.framing, count > request.most else { return .proceed }
        return .refuse(request.error)
    }

    package func onResponse(_ exchange: Exchange) -> Verdict {
        // What the gateway itself says of an error is no upstream's response.
        guard let response, exchange.error == nil, case .length(let count) = exchange.response.framing, count > response.most else {
            return .proceed
        }
        return .refuse(response.error)
    }

    // MARK: What is not

    package func requestBody(_ exchange: Exchange) -> BodyDemand {
        guard let request, exchange.request.framing == .chunked else { return .none }
        return .stream(SizeCount(most: request.most, request.error))
    }

    package func responseBody(_ exchange: Exchange) -> BodyDemand {
        guard let response, exchange.error == nil else { return .none }
        switch exchange.response.framing {
        case .none, .length: return .none
        case .chunked, .untilClose: return .stream(SizeCount(most: response.most, response.error))
        }
    }
}

/// Counts a body as it passes. Of a piece that goes beyond the limit nothing is passed on.
final class SizeCount: BodyStage {
    private var left: Int
    private let error: GatewayError

    init(most: Int, _ error: GatewayError) {
        left = most
        self.error = error
    }

    var keepsLength: Bool { true }

    func take(_ bytes: ByteView, _ next: (ByteView) throws(GatewayError) -> Void) throws(GatewayError) {
        guard bytes.count <= left else { throw error }
        left -= bytes.count
        try next(bytes)
    }
}
