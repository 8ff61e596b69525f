package import Expressions
package import Primitives

/// What a request must satisfy beside host, path and method.
package enum RouteCondition: Sendable {
    /// At least one line of the header passes (`absent`: there is no such line). The name is in lower case.
    case header(name: String, ValueTest)
    /// At least one parameter of this name passes. Names are case-sensitive.
    case query(name: String, ValueTest)
    /// The expression, over `request` and `source`, holds. One that can't be evaluated does not.
    case expression(Expression)
    /// The client's address is in one of the networks.
    case clientIP([CIDR])
    /// It is a call of gRPC or gRPC-Web.
    case call

    /// A test of one value, byte by byte and case-sensitive.
    package enum ValueTest: Sendable {
        case present, absent
        case equals(String)
        case hasPrefix(String)
        case hasSuffix(String)
        case contains(String)
        /// Finds a match anywhere in the value.
        case regex(LinearRegex)
    }
}

extension RouteCondition: CustomStringConvertible {
    /// Canonical: equal conditions have equal descriptions.
    package var description: String {
        switch self {
        case .header(let name, let test): "header \(name) \(test)"
        case .query(let name, let test): "query \(name) \(test)"
        case .call: "content-type of gRPC"
        case .expression(let expression): "when \(expression.text)"
        case .clientIP(let networks): "client address in \(networks.map(\.description).sorted().joined(separator: ", "))"
        }
    }
}

extension RouteCondition.ValueTest: CustomStringConvertible {
    package var description: String {
        switch self {
        case .present: "is present"
        case .absent: "is absent"
        case .equals(let text): "is \"\(text)\""
        case .hasPrefix(let text): "begins with \"\(text)\""
        case .hasSuffix(let text): "ends with \"\(text)\""
        case .contains(let text): "contains \"\(text)\""
        case .regex(let regex): "matches \(regex.pattern)"
        }
    }
}
