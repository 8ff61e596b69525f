import Expressions
package import GatewayCore
import Model
package import PolicyKit
import Primitives
package import Schema

/// Lets pages of other origins use an API from a browser: the CORS protocol (https://fetch.spec.whatwg.org/#http-cors-protocol).
package final class CORS: Policy, PreflightPolicy, ResponsePolicy {
    package struct Config: Settings {
        @Setting(
            "Origins whose pages may call: `https://app.example.com`; `https://*.example.com` for all subdomains; `{ regex: … }`, which has to match the whole origin; `\"null\"` for sandboxed pages and files; `*` for everybody."
        )
        package var origins: [AllowedOrigin]

        @Setting(
            "Methods that may be used. Left out: GET, HEAD, POST, PUT, PATCH, DELETE; `*`: each that is asked for. Browsers allow GET, HEAD and POST always."
        )
        package var methods: [String] = []

        @Setting("Request headers that may be sent. Left out, or `*`: those that the browser asks for.")
        package var headers: [String] = []

        @Setting("Response headers that the page may read beside the common ones; `*`: all.")
        package var exposed: [String] = []

        @Setting("Whether browsers send cookies, client certificates and stored passwords along. Not for the origin `*`.")
        package var credentials: Bool = false

        @Setting("How long browsers may remember a preflight; they have limits of their own, such as 2h.", .zero ... .seconds(7 * 86_400))
        package var maxAge: Duration = .seconds(600)

        @Setting("Whether pages of public sites may call into a private network (`Access-Control-Allow-Private-Network`).")
        package var privateNetwork: Bool = false

        @Setting(
            "The upstream's own `Access-Control-*` fields: `replace` removes them; `keep` leaves a response alone that has `Access-Control-Allow-Origin`."
        )
        package var upstreamFields: UpstreamFields = .replace

        @Setting("Forwards preflights, and leaves their answers to the upstream. They come without credentials and pass no authentication.")
        package var preflightContinue: Bool = false

        package static var about: String { "Lets pages of other origins use the API from a browser, and answers preflights." }
        package init() {}
    }

    package enum UpstreamFields: String, SettingChoice {
        case replace, keep
    }

    package static let id = "cors"
    package static let example = """
        cors: { origins: ["https://app.example.com"] }
        """

    private let origins: OriginSet
    private let scratch: LoopLocal<OriginSet.Scratch>
    private let fields: CORSFields
    private let replaces: Bool
    private let preflightContinues: Bool

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        guard !config.origins.isEmpty else {
            throw PolicyError(
                "`origins` is empty: no page could call", at: config.$origins.position, path: "origins",
                remedy: "list the origins of your pages, such as [\"https://app.example.com\"]")
        }
        origins = try OriginSet(config.origins)
        if config.credentials, origins.allowsAll {
            throw PolicyError(
                "browsers refuse credentials for the origin `*`", at: config.$credentials.position, path: "credentials",
                remedy: "list the origins, or their pattern, such as https://*.example.com")
        }
        scratch = LoopLocal(loops: context.loops) { OriginSet.Scratch() }
        fields = try CORSFields(config, allowsAll: origins.allowsAll)
        replaces = config.upstreamFields == .replace
        preflightContinues = config.preflightContinue
    }

    /// What the request was, in `Memo.first`; where its origin stands, in `Memo.second`.
    private enum Kind: UInt64 {
        case sameOrigin, denied, allowed, deniedPreflight, allowedPreflight, forwardedPreflight
    }

    package func onRequest(_ exchange: Exchange) -> Verdict {
        let request = exchange.request
        guard let origin = request.fields.first(ByteView("origin")) else { return .proceed }
        let isAllowed = origins.contains(origin, scratch: &scratch[exchange])
        let isPreflight = request.method == .options && request.fields.first(CORSFields.requestMethod) != nil
        let kind: Kind =
            isPreflight
            ? preflightContinues ? .forwardedPreflight : isAllowed ? .allowedPreflight : .deniedPreflight
            : isAllowed ? .allowed : .denied
        var memo = exchange.memo
        memo.first = kind.rawValue
        // Other policies may take the field away before it is forwarded; its bytes stay.
        memo.second = UInt64(request.fields.storage.view.offset(of: origin)) << 32 | UInt64(origin.count)
        exchange.memo = memo
        guard isPreflight, !preflightContinues else { return .proceed }
        exchange.response.status = 204
        return .reply
    }

    package func onResponse(_ exchange: Exchange) -> Verdict {
        let memo = exchange.memo
        let kind = Kind(rawValue: memo.first) ?? .sameOrigin
        guard kind != .forwardedPreflight else { return .proceed }
        let response = exchange.response.fields
        if replaces {
            response.remove(namesBeginning: ByteView("access-control-"))
        } else if response.first(CORSFields.allowOrigin) != nil {
            return .proceed
        }
        let start = Int(memo.second >> 32)
        let origin = exchange.request.fields.storage.view(start..<start + Int(memo.second & 0xffff_ffff))
        switch kind {
        case .sameOrigin: fields.writeUnasked(to: response)
        case .allowed: fields.write(exchange, origin: origin)
        case .denied: fields.writeVary(to: response)
        case .allowedPreflight: fields.writePreflight(exchange, origin: origin)
        case .deniedPreflight: fields.writePreflightVary(to: response)
        case .forwardedPreflight: break
        }
        return .proceed
    }
}
