import Expressions
package import GatewayCore
package import Model
package import PolicyKit
import Primitives
package import Schema

/// Adds members to the line of the access log.
package final class LogFields: Policy, FinishPolicy {
    package struct Config: Settings {
        @Setting(
            "Name to expression: the line gets a member of that name (in the text format ` name=value` at its end). Evaluated when the exchange is over, so it may ask for the response, and sees the request's fields as they were forwarded. Numbers, booleans, lists and maps stay what they are in JSON; a value that is not there leaves its member out. All together take at most 4 KiB: what is longer is cut and ends in `...`."
        )
        package var fields: OrderedMap<ExpressionText>

        package static var about: String { "Adds fields to the access log, from expressions." }
        package init() {}
    }

    private struct Field: Sendable {
        let name: [UInt8]
        let value: Expression
    }

    package static let id = "log-fields"
    package static let example = """
        log-fields:
          fields:
            tenant: 'request.headers["x-tenant"]'
            cached: 'response.headers["x-cache"] == "HIT"'
        """
    private let fields: [Field]

    package init(_ config: Config, _ context: PolicyContext) throws(PolicyError) {
        var fields: [Field] = []
        for entry in config.fields.entries {
            let path = "fields.\(entry.key)"
            try LogFields.check(entry.key, at: entry.position, path: path)
            fields.append(
                Field(name: Array(entry.key.utf8), value: try context.compile(entry.value, path, isResponseKnown: true)))
        }
        self.fields = fields
    }

    package func phases(on route: RouteFacts) -> PolicyPhases { fields.isEmpty ? [] : .finish }

    package func onFinish(_ exchange: Exchange) {
        let scratch = exchange.tools.scratch
        for field in fields {
            let value = exchange.evaluate(field.value)
            field.name.withView { name in
                switch value {
                case .error, .null: break
                case .string(let text): exchange.log(.text, name, text)
                case .bool, .int, .uint, .double, .list, .map:
                    scratch.clear()
                    value.writeJSON(to: scratch)
                    exchange.log(.literal, name, scratch.view)
                default:
                    scratch.clear()
                    value.write(to: scratch)
                    exchange.log(.text, name, scratch.view)
                }
            }
        }
    }

    private static func check(_ name: String, at position: SourcePosition, path: String) throws(PolicyError) {
        guard !LogMember.fixedNames.contains(name) else {
            throw PolicyError(
                "every line has `\(name)` already", at: position, path: path, remedy: "choose another name, such as `x_\(name)`")
        }
        let isName = name.utf8.allSatisfy { ASCII.isLetter($0) || ASCII.isDigit($0) || "_-.".utf8.contains($0) }
        guard isName, !name.isEmpty, name.utf8.count <= LogMember.longestName else {
            throw PolicyError(
                "the name of a field is at most \(LogMember.longestName) letters, digits, `_`, `-` and `.`", at: position, path: path)
        }
    }
}
