import Expressions
import Foundation
import Primitives
import Routing

extension RouteRule {
    /// The words of a `rule` line; see `Cases/README`.
    init(parsing text: String, index: Int) throws {
        self.init(index: index, label: "routes[\(index)]")
        for word in text.split(separator: " ").map(String.init) {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2 else { throw CaseError(description: "no \"=\" in \(word)") }
            let value = parts[1]
            switch parts[0] {
            case "host": hosts = try value.split(separator: ",").map { try HostPattern(parsing: String($0)) }
            case "base": basePath = value
            case "path": path = try PathPattern(parsing: value)
            case "regex": path = try PathPattern(regex: value)
            case "methods":
                methods = try value.split(separator: ",").reduce(into: []) { set, name in
                    guard let method = HTTPMethod(name: String(name)) else { throw CaseError(description: "no method \(name)") }
                    set.formUnion(HTTPMethodSet(method))
                }
            case "header", "query":
                let (name, test) = try RouteRule.test(value)
                conditions.append(parts[0] == "header" ? .header(name: name, test) : .query(name: name, test))
            case "ip": conditions.append(.clientIP(value.split(separator: ",").compactMap { CIDR(parsing: String($0)) }))
            case "call": conditions.append(.call)
            case "when":
                let environment = ExpressionEnvironment([ExpressionEnvironment.Variable("method", .string, id: 1)])
                conditions.append(.expression(try Expression(value, in: environment, expecting: .bool)))
            case "priority": priority = Int(value) ?? 0
            default: throw CaseError(description: "unknown word \(word)")
            }
        }
    }

    private static func test(_ text: String) throws -> (String, RouteCondition.ValueTest) {
        for sign in ["==", "^=", "$=", "*=", "~="] {
            let parts = text.components(separatedBy: sign)
            guard parts.count == 2 else { continue }
            switch sign {
            case "==": return (parts[0], .equals(parts[1]))
            case "^=": return (parts[0], .hasPrefix(parts[1]))
            case "$=": return (parts[0], .hasSuffix(parts[1]))
            case "*=": return (parts[0], .contains(parts[1]))
            default: return (parts[0], .regex(try LinearRegex(parts[1])))
            }
        }
        return text.hasSuffix("!") ? (String(text.dropLast()), .absent) : (text, .present)
    }
}
