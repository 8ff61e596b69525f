import Expressions
package import GatewayCore
package import PolicyKit
import Primitives
package import Schema

/// Refuses requests whose parameters, content type or body are not what the API takes.
package final class RequestValidation: Policy, RequestPolicy {
    package struct Config: Settings {
        @Setting("Parameters, in the words of OpenAPI. All that is wrong with a request is told at once, in the `detail` of the answer.")
        package var parameters: [Parameter] = []

        @Setting("Query parameters that are not listed: let through, or refused.")
        package var unknownQuery: Unknown = .allow

        @Setting(
            "Content types that a request with a body may have, without their parameters: `application/json`, `image/*`, `application/*+json`. Empty: any. Others are answered with 415."
        )
        package var contentTypes: [String] = []

        @Setting("Requests without a body are refused. One sent in chunks counts as a body.")
        package var requireBody: Bool = false

        @Setting("`report` lets every request pass, and adds what was wrong to the access log, as its member `violations`.")
        package var mode: Mode = .enforce

        package static var about: String { "Refuses requests whose parameters, content type or body are not what the API takes." }
        package init() {}
    }

    package enum Unknown: String, SettingChoice { case allow, reject }
    package enum Mode: String, SettingChoice { case enforce, report }

    package static let id = "request-validation"
    package static let example = """
        request-validation:
          parameters:
            - { name: id, in: path, required: true, type: integer, minimum: 1 }
            - { name: limit, in: query, type: integer, minimum: 1, maximum: 100 }
            - { name: sort, in: query, enum: [asc, desc] }
        """
    package static let reasons: [Reason] = [.requestInvalid, .unsupportedMediaType]
    package static var isGuard: Bool { true }

    private let parameters: ParameterRules
    private let contentTypes: ContentTypes
    private let requiresBody: Bool
    private let enforces: Bool
    private let regex: LoopLocal<LinearRegex.Scratch>

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        parameters = try ParameterRules(config)
        contentTypes = try ContentTypes(config)
        requiresBody = config.requireBody
        enforces = config.mode == .enforce
        regex = LoopLocal(loops: context.loops) { LinearRegex.Scratch() }
    }

    package func phases(on route: RouteFacts) -> PolicyPhases {
        parameters.isEmpty && contentTypes.isEmpty && !requiresBody ? [] : .request
    }

    package func onRequest(_ exchange: Exchange) -> Verdict {
        var violations = Violations()
        let hasBody = exchange.request.announcedSize != 0
        if requiresBody, !hasBody { violations.append("a body is required") }
        parameters.check(exchange, regex: &regex[exchange], &violations)
        let isSupported = !hasBody || contentTypes.accepts(exchange.request.fields)
        if violations.isEmpty, isSupported { return .proceed }
        guard enforces else {
            if !isSupported { violations.append("the content type is not supported") }
            violations.text.withView { exchange.log(.text, ByteView("violations"), $0) }
            return .proceed
        }
        if !isSupported {
            contentTypes.list.withView { exchange.response.fields.append(.accept, $0) }
            return .refuse(.unsupportedMediaType, "The body of a request has to be \(contentTypes.text).")
        }
        return .refuse(.requestInvalid, violations.text)
    }
}

extension Reason {
    static let requestInvalid = Reason("request_invalid", 400, "The request is not valid", "http_request_error")
    static let unsupportedMediaType = Reason("unsupported_media_type", 415, "Content type not supported", "http_request_error")
}
