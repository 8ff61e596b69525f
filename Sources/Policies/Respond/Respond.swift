package import GatewayCore
package import Model
package import PolicyKit
import Primitives
package import Schema

/// Answers in place of the upstream, usually under a condition: maintenance, a mock, a block.
package final class Respond: Policy, RequestPolicy {
    package struct Config: Settings {
        @Setting("Status code.", 200...599)
        package var status: Int = 200

        @Setting("Field name to value; the value is a template.")
        package var headers: OrderedMap<TemplateText> = [:]

        @Setting("Body: a template. Without a `content-type` of your own it is sent as plain text in UTF-8.")
        package var body: TemplateText = ""

        package static var about: String { "Answers in place of the upstream, with status, fields and body of your own." }
        package init() {}
    }

    package static let id = "respond"
    package static let example = #"""
        respond: { status: 503, headers: { retry-after: "600" }, body: "Back at ten.\n" }
        when: '!(source.ip in ["10.0.0.1"])'
        """#

    private let status: Int
    private let fields: [FieldTemplate]
    private let body: PolicyTemplate
    private let constant: [UInt8]?
    private let addsContentType: Bool

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        status = config.status
        var fields: [FieldTemplate] = []
        for entry in config.headers.entries {
            fields.append(try FieldTemplate(entry, "headers.\(entry.key)", context, isResponseKnown: false))
        }
        self.fields = fields
        body = try context.compile(config.body, "body")
        constant = body.constant
        if !config.body.text.isEmpty, [204, 205, 304].contains(status) {
            throw PolicyError("a response with status \(status) has no body", at: config.$body.position, path: "body", remedy: "leave `body` out")
        }
        addsContentType = !config.body.text.isEmpty && !fields.contains { $0.isContentType }
    }

    package func onRequest(_ exchange: Exchange) -> Verdict {
        let response = exchange.response
        response.status = status
        for field in fields { field.write(exchange, to: response.fields, replacing: false) }
        if addsContentType { response.fields.append(.contentType, ByteView("text/plain; charset=utf-8")) }
        let out = exchange.takeReplyBody()
        if let constant { constant.withView { out.append($0) } } else { body.render(exchange, to: out) }
        return .reply
    }
}
