import Expressions
import GatewayCore
import Model
import PolicyKit
import Primitives
import Schema

/// How the path that goes upstream is made.
enum PathRewrite: Sendable {
    case template(PolicyTemplate)
    case regex(LinearRegex, PolicyTemplate, LoopLocal<Matching>)
    case prefix(strip: [UInt8], add: [UInt8])

    /// What matching needs, on one event loop.
    struct Matching {
        private(set) var captures: [Range<Int>?] = []
        private var scratch = LinearRegex.Scratch()

        mutating func find(_ regex: LinearRegex, in path: ByteView) -> Bool {
            regex.firstMatch(in: path, captures: &captures, scratch: &scratch)
        }
    }

    /// Nil when the settings do not ask for one.
    init?(_ config: Rewrite.Config, _ context: PolicyContext) throws(PolicyError) {
        let ways = [config.path != nil, config.regex != nil || config.to != nil, config.stripPrefix != nil || config.addPrefix != nil]
        guard ways.contains(true) else { return nil }
        guard ways.count(where: { $0 }) == 1 else {
            throw PolicyError("`path`, `regex` with `to`, and the prefixes exclude each other", remedy: "use one, or several `rewrite` entries")
        }
        if let path = config.path {
            let template = try context.compile(path, "path")
            try PathRewrite.check(template, config.$path.position, "path")
            self = .template(template)
        } else if let regex = config.regex, let to = config.to {
            let template = try context.compile(to, "to")
            try PathRewrite.check(template, config.$to.position, "to")
            self = .regex(
                try PathRewrite.compile(regex, config.$regex.position), template, LoopLocal(loops: context.loops) { Matching() })
        } else if config.regex != nil || config.to != nil {
            throw PolicyError("`regex` and `to` belong together")
        } else {
            self = .prefix(
                strip: try PathRewrite.prefix(config.stripPrefix, config.$stripPrefix.position, "stripPrefix"),
                add: try PathRewrite.prefix(config.addPrefix, config.$addPrefix.position, "addPrefix"))
        }
    }

    /// Sets the path that is forwarded. False: what came out is none.
    func apply(_ exchange: Exchange) -> Bool {
        let out = exchange.tools.scratch
        out.clear()
        // Taken away again when what follows has one.
        out.append("/")
        switch self {
        case .template(let template): template.render(exchange, to: out, for: .path)
        case .prefix(let strip, let add):
            let path = exchange.forwardPath
            add.withView { out.append($0) }
            out.append(strip.withView { PathRewrite.rest(of: path, behind: $0) })
        case .regex(let regex, let template, let matching):
            let path = exchange.forwardPath
            guard matching[exchange].find(regex, in: path) else { return true }
            let captures = matching[exchange].captures
            guard let whole = captures.first ?? nil else { return true }
            out.append(path.prefix(whole.lowerBound))
            template.render(exchange, to: out, for: .path, groups: TemplateGroups(path, captures))
            out.append(path.dropFirst(whole.upperBound))
        }
        let path = out.count > 1 && out.view[1] == UInt8(ascii: "/") ? out.view.dropFirst(1) : out.view
        return PathRewrite.store(path, exchange.request)
    }

    /// A path whose dot segments would lead out of where the configuration puts it is not resolved but refused.
    private static func store(_ path: ByteView, _ request: RequestHead) -> Bool {
        guard !PathNormaliser.hasDotSegment(path) else { return false }
        var isValid = true
        request.rewrittenSpan = request.store { out in
            if PathNormaliser.isNormal(path) { return out.append(path) }
            out.reserve(path.count)
            isValid = PathNormaliser.normalise(path, into: out)
        }
        return isValid
    }

    /// What follows `prefix` where it is whole segments of `path`; else all of it.
    private static func rest(of path: ByteView, behind prefix: ByteView) -> ByteView {
        guard path.hasPrefix(prefix) else { return path }
        let rest = path.dropFirst(prefix.count)
        return rest.isEmpty || rest[0] == UInt8(ascii: "/") ? rest : path
    }
}

// MARK: Checks of the settings

extension PathRewrite {
    private static func compile(_ pattern: String, _ position: SourcePosition) throws(PolicyError) -> LinearRegex {
        do throws(LinearRegex.SyntaxError) {
            return try LinearRegex(pattern)
        } catch {
            throw PolicyError(error.description, at: position, path: "regex")
        }
    }

    /// What the configuration says literally can stand in a path.
    private static func check(_ template: PolicyTemplate, _ position: SourcePosition, _ path: String) throws(PolicyError) {
        for literal in template.literals {
            for byte in literal where byte != UInt8(ascii: "%") && !ASCII.isPath(byte) {
                let character = Character(UnicodeScalar(byte))
                throw PolicyError(
                    "a path can't hold `\(character)`", at: position, path: path,
                    remedy: character == "?" ? "the policy `query` edits the query" : "write it percent-encoded")
            }
        }
        if let constant = template.constant { try check(constant, position, path) }
    }

    private static func check(_ constant: [UInt8], _ position: SourcePosition, _ path: String) throws(PolicyError) {
        let isNormal = constant.withView { constant in
            let out = ByteBuffer()
            return PathNormaliser.normalise(constant, into: out) && !PathNormaliser.hasDotSegment(constant)
        }
        guard isNormal else {
            throw PolicyError("a path begins with `/`, and has no `.` or `..` segments and no broken escapes", at: position, path: path)
        }
    }

    private static func prefix(_ text: String?, _ position: SourcePosition, _ path: String) throws(PolicyError) -> [UInt8] {
        guard let text else { return [] }
        let bytes = Array(text.utf8)
        guard bytes.first == UInt8(ascii: "/"), bytes.count > 1, bytes.last != UInt8(ascii: "/") else {
            throw PolicyError("a prefix begins with `/` and does not end with it, such as `/api`", at: position, path: path)
        }
        let out = ByteBuffer()
        let isNormal = bytes.withView { PathNormaliser.normalise($0, into: out) && !PathNormaliser.hasDotSegment($0) }
        guard isNormal, out.view.array == bytes else {
            throw PolicyError(
                "`\(text)` is not in the normal form of a path", at: position, path: path, remedy: isNormal ? "write \(out.view.string)" : nil)
        }
        return bytes
    }
}
