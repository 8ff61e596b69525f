import Expressions
import GatewayCore
import PolicyKit
import Primitives
import Schema

/// A parameter with everything prepared.
struct ParameterRule: Sendable {
    let name: [UInt8]
    /// In messages: "query parameter `limit`".
    let title: String
    let place: RequestValidation.Place
    let isRequired: Bool
    let test: ParameterTest
}

/// The parameters of a policy, checked against a request at once.
struct ParameterRules: Sendable {
    /// A request has a bit for each.
    static let most = 64

    private let rules: ContiguousArray<ParameterRule>
    private let rejectsUnknown: Bool
    private let readsQuery: Bool

    init(_ config: RequestValidation.Config) throws(PolicyError) {
        guard config.parameters.count <= ParameterRules.most else {
            throw PolicyError(
                "there are \(config.parameters.count) parameters, more than \(ParameterRules.most)", at: config.$parameters.position,
                path: "parameters", remedy: "divide them among several entries")
        }
        var rules: ContiguousArray<ParameterRule> = []
        var flaws: [PolicyError.Flaw] = []
        for (i, parameter) in config.parameters.enumerated() {
            do throws(PolicyError) {
                let rule = try ParameterRule(parameter, path: "parameters[\(i)]")
                if rules.contains(where: { $0.place == rule.place && $0.name == rule.name }) {
                    throw PolicyError("the \(rule.title) is described already", at: parameter.$name.position, path: "parameters[\(i)].name")
                }
                rules.append(rule)
            } catch {
                flaws += error.flaws
            }
        }
        guard flaws.isEmpty else { throw PolicyError(flaws) }
        self.rules = rules
        rejectsUnknown = config.unknownQuery == .reject
        readsQuery = rejectsUnknown || rules.contains { $0.place == .query }
    }

    var isEmpty: Bool { rules.isEmpty && !rejectsUnknown }

    func check(_ exchange: Exchange, regex: inout LinearRegex.Scratch, _ violations: inout Violations) {
        var progress = Progress()
        let scratch = exchange.tools.scratch
        for i in rules.indices {
            switch rules[i].place {
            case .query: break
            case .path:
                rules[i].name.withView { name in
                    guard let raw = exchange.parameter(name) else { return }
                    scratch.clear()
                    see(scratch.percentDecoded(raw, plusIsSpace: false), of: i, &progress, &regex, &violations)
                }
            case .header:
                rules[i].name.withView { name in
                    exchange.request.fields.forEach(named: name) { value in
                        see(value, of: i, &progress, &regex, &violations)
                        return true
                    }
                }
            case .cookie:
                rules[i].name.withView { name in
                    Cookies.forEach(exchange.request.fields, named: name) { value in
                        see(value, of: i, &progress, &regex, &violations)
                        return true
                    }
                }
            }
        }
        if readsQuery, let query = exchange.request.query { check(query, scratch, &progress, &regex, &violations) }
        for i in rules.indices where rules[i].isRequired && progress.seen & 1 << UInt64(i) == 0 {
            violations.append("the \(rules[i].title) is required")
        }
    }

    private func check(
        _ query: ByteView, _ scratch: ByteBuffer, _ progress: inout Progress, _ regex: inout LinearRegex.Scratch,
        _ violations: inout Violations
    ) {
        var unknown = 0
        QueryString.forEachPair(query) { rawName, rawValue in
            scratch.clear()
            let name = scratch.percentDecoded(rawName, plusIsSpace: true)
            guard let i = rules.firstIndex(where: { $0.place == .query && $0.name.withView { $0 == name } }) else {
                unknown += 1
                return true
            }
            scratch.clear()
            see(scratch.percentDecoded(rawValue, plusIsSpace: true), of: i, &progress, &regex, &violations)
            return true
        }
        if rejectsUnknown, unknown > 0 {
            violations.append(unknown == 1 ? "a query parameter is not known here" : "\(unknown) query parameters are not known here")
        }
    }

    /// One bit for each rule.
    private struct Progress {
        var seen: UInt64 = 0
        /// Told already: a parameter that comes a thousand times is wrong once.
        var told: UInt64 = 0
    }

    private func see(
        _ value: ByteView, of i: Int, _ progress: inout Progress, _ regex: inout LinearRegex.Scratch, _ violations: inout Violations
    ) {
        let bit: UInt64 = 1 << UInt64(i)
        progress.seen |= bit
        guard progress.told & bit == 0, let flaw = rules[i].test.flaw(in: value, regex: &regex) else { return }
        progress.told |= bit
        violations.append("the \(rules[i].title) \(rules[i].test.message(flaw))")
    }
}

extension ByteBuffer {
    /// `text` itself where nothing is escaped; else what it stands for, appended here. Malformed escapes stay as they are.
    fileprivate func percentDecoded(_ text: ByteView, plusIsSpace: Bool) -> ByteView {
        let plus = UInt8(ascii: "+"), percent = UInt8(ascii: "%")
        guard text.contains(percent) || plusIsSpace && text.contains(plus) else { return text }
        let start = count
        reserve(text.count)
        var at = 0
        while at < text.count {
            if text[at] == percent, at + 2 < text.count, let high = ASCII.hexValue(text[at + 1]), let low = ASCII.hexValue(text[at + 2]) {
                append(byte: high << 4 | low)
                at += 3
            } else {
                append(byte: plusIsSpace && text[at] == plus ? UInt8(ascii: " ") : text[at])
                at += 1
            }
        }
        return view(start..<count)
    }
}
