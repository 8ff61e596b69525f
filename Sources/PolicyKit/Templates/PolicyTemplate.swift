package import Expressions
package import GatewayCore
import Model
package import Primitives
import Schema

/// Text with places for what an exchange brings: everything that can be looked up beforehand has been.
package struct PolicyTemplate: Sendable {
    enum Piece: Sendable {
        case literal([UInt8])
        /// A path parameter; where the route has none of that name, a variable; else the text as it is written.
        case parameter(name: [UInt8], variable: Expression?, asWritten: [UInt8])
        /// What `/*` of the route stands for.
        case rest
        /// A group of the route's `pathRegex`.
        case group(Int)
        case expression(Expression)
    }

    private let pieces: [Piece]
    /// What policies before must have found out.
    package let facts: Set<Fact>

    init(_ text: TemplateText, path: String, environment: ExpressionEnvironment) throws(PolicyError) {
        var parser = TemplateParser(text, path: path, environment: environment)
        parser.parse()
        guard parser.flaws.isEmpty else { throw PolicyError(parser.flaws) }
        pieces = parser.pieces
        var facts: Set<Fact> = []
        for case .expression(let expression) in pieces { facts.formUnion(expression.facts) }
        self.facts = facts
    }

    /// The whole text, when nothing in it depends on the exchange.
    package var constant: [UInt8]? {
        if pieces.isEmpty { return [] }
        if pieces.count == 1, case .literal(let bytes) = pieces[0] { return bytes }
        return nil
    }

    /// Appends the text to `out`, which must not be the storage of the request's head. Expressions that fail, because what they
    /// ask for is not there, give nothing.
    ///
    /// - Parameters:
    ///   - use: what the text is for, which decides what is escaped.
    ///   - groups: what `$1` and its like stand for, pieces of a path; nil for the groups of the route's `pathRegex`.
    package func render(_ exchange: Exchange, to out: ByteBuffer, for use: TemplateUse = .text, groups: TemplateGroups? = nil) {
        forEachPart(exchange, groups: groups) { part in
            let start = out.count
            switch part {
            case .literal(let text), .captured(let text): out.append(text)
            case .value(let value, _): value.write(to: out)
            }
            use.finish(part, out, from: start)
        }
    }

    /// A piece of the text, for those who must know what comes from the request.
    package enum Part {
        /// As it stands in the configuration.
        case literal(ByteView)
        /// A piece of the request's path, with its escapes.
        case captured(ByteView)
        /// Of this expression.
        case value(ExpressionValue, Expression)

        /// A path with its escapes: captured, or made of `request.path` and nothing else that the client sent.
        var isPath: Bool {
            switch self {
            case .literal: false
            case .captured: true
            case .value(_, let expression): expression.variables.count == 1 && expression.variables.contains(GatewayVariable.requestPath.rawValue)
            }
        }
    }

    /// What the configuration says literally, piece by piece.
    package var literals: [[UInt8]] {
        pieces.compactMap { if case .literal(let text) = $0 { text } else { nil } }
    }

    /// Calls `body` with each part, in order; the views in it are valid until it returns. See `render`.
    package func forEachPart(_ exchange: Exchange, groups: TemplateGroups? = nil, _ body: (Part) -> Void) {
        for piece in pieces {
            switch piece {
            case .literal(let bytes): bytes.withView { body(.literal($0)) }
            case .parameter(let name, let variable, let asWritten):
                if let value = name.withView({ exchange.parameter($0) }) {
                    body(.captured(value))
                } else if let variable {
                    pass(variable, exchange, body)
                } else {
                    asWritten.withView { body(.literal($0)) }
                }
            case .rest: if let rest = exchange.captures.rest { body(.captured(exchange.request.view(rest))) }
            case .group(let number):
                if let groups {
                    if let text = groups[number] { body(.captured(text)) }
                } else if exchange.captures.groups.indices.contains(number), let span = exchange.captures.groups[number] {
                    body(.captured(exchange.request.view(span)))
                }
            case .expression(let expression): pass(expression, exchange, body)
            }
        }
    }

    private func pass(_ expression: Expression, _ exchange: Exchange, _ body: (Part) -> Void) {
        let value = exchange.evaluate(expression)
        if !value.isError { body(.value(value, expression)) }
    }
}
