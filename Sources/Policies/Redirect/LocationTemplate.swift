import Expressions
import GatewayCore
import Model
import PolicyKit
import Primitives
import Reactor
import Schema

/// A template of a URL. Where it leads is what it says: nothing from a request can become scheme, host or path of another site,
/// unless the template puts it there.
struct LocationTemplate: Sendable {
    private let template: PolicyTemplate
    /// It begins with a path, and stays on the host that was asked.
    private let isPath: Bool

    init(_ to: TemplateText, _ context: PolicyContext) throws(PolicyError) {
        template = try context.compile(to, "to")
        let start = to.text.filter { $0 != " " }
        isPath = (start.hasPrefix("/") && !start.hasPrefix("//")) || start.hasPrefix("{request.path}") || start.hasPrefix("{=request.path=}")
        guard isPath || LocationTemplate.namesScheme(start) else {
            throw PolicyError(
                "a redirect begins with a path, or with a scheme and a host: it must not be the request that decides whose site it leads to",
                at: to.place.position, path: "to", remedy: "such as /v2{request.path} or https://{request.host}{request.path}")
        }
        guard template.literals.allSatisfy({ $0.allSatisfy { $0 > 0x20 && $0 < 0x7f } }) else {
            throw PolicyError(
                "a URL holds no spaces, and nothing beyond ASCII", at: to.place.position, path: "to", remedy: "percent-encode them, such as %20")
        }
    }

    private static func namesScheme(_ text: String) -> Bool {
        if text.hasPrefix("//") || text.hasPrefix("{request.scheme}://") || text.hasPrefix("{=request.scheme=}://") { return true }
        guard let end = text.firstRange(of: "://")?.lowerBound, let first = text.utf8.first, ASCII.isLetter(first) else { return false }
        return text[..<end].utf8.allSatisfy { ASCII.isLetter($0) || ASCII.isDigit($0) || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") }
    }

    func write(_ exchange: Exchange, keepsQuery: Bool, to out: ByteBuffer) {
        var location = LocationWriter(out, place: isPath ? .path : .scheme)
        let text = exchange.loop.takeBuffer()
        defer { exchange.loop.giveBack(text) }
        template.forEachPart(exchange) { part in
            switch part {
            case .literal(let literal): location.write(literal: literal)
            case .captured(let piece): location.write(piece, .escaped)
            case .value(let value, let expression):
                text.clear()
                value.write(to: text)
                // The path as it came is escaped already, and ends the authority.
                let isPath = expression.gatewayVariables == [.requestPath] && text.view.hasPrefix("/")
                location.write(text.view, isPath ? .path : .plain)
            }
        }
        if keepsQuery { location.writeQuery(exchange.request.query) }
        if isPath { LocationTemplate.keepOnHost(out) }
    }

    /// `//evil.test` is a URL of another host: a path has one slash at its start.
    private static func keepOnHost(_ out: ByteBuffer) {
        var slashes = 0
        while slashes < out.count, out.view[slashes] == UInt8(ascii: "/") { slashes += 1 }
        if slashes > 1 { out.consume(slashes - 1) }
    }
}
