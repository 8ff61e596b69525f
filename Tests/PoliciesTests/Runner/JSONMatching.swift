import Foundation
import Schema

extension ConfigNode {
    /// Why `value` does not hold what stands here; nil if it does. A map may leave members out, a list no elements.
    /// Scalars are compared as text: `1` is `"1"`.
    func problem(with value: ConfigNode?, at path: String) -> String? {
        let name = path.isEmpty ? "JSON" : "`\(path)`"
        switch content {
        case .scalar("absent") where style == .plain: return value == nil ? nil : "\(name): expected nothing, got \(shown(value))"
        case .scalar("present") where style == .plain: return value == nil ? "\(name): expected something, got nothing" : nil
        case .scalar(let text): return value?.text == text ? nil : "\(name): expected `\(text)`, got \(shown(value))"
        case .null: return value?.isNull == true ? nil : "\(name): expected null, got \(shown(value))"
        case .list(let nodes):
            guard case .list(let values) = value?.content, values.count == nodes.count else {
                return "\(name): expected a list of \(nodes.count), got \(shown(value))"
            }
            for (i, node) in nodes.enumerated() { if let problem = node.problem(with: values[i], at: "\(path)[\(i)]") { return problem } }
            return nil
        case .map(let entries):
            if let matcher = Matcher.special(entries) {
                return matcher.problem(with: value?.text.map { [$0] } ?? []).map { "\(name): \($0)" }
            }
            guard case .map(let members) = value?.content else { return "\(name): expected an object, got \(shown(value))" }
            for entry in entries {
                let member = members.first { $0.key == entry.key }?.value
                if let problem = entry.value.problem(with: member, at: path.isEmpty ? entry.key : "\(path).\(entry.key)") { return problem }
            }
            return nil
        }
    }

    private func shown(_ value: ConfigNode?) -> String { value.map { "`\($0.flowText)`" } ?? "nothing" }

    /// A JSON value; nil if the text is none.
    init?(json text: String) {
        guard let value = try? JSONDecoder().decode(ParsedJSON.self, from: Data(text.utf8)) else { return nil }
        self = value.node
    }

    /// One line of YAML that reads as this value.
    var flowText: String {
        switch content {
        case .null: "null"
        case .scalar(let text):
            style == .plain && !text.isEmpty && text.utf8.allSatisfy(ConfigNode.isPlain) ? text : JSONValue.string(text).text()
        case .list(let nodes): "[\(nodes.map(\.flowText).joined(separator: ", "))]"
        case .map(let entries):
            "{\(entries.map { "\(JSONValue.string($0.key).text()): \($0.value.flowText)" }.joined(separator: ", "))}"
        }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "/"):
            true
        default: false
        }
    }
}

private struct ParsedJSON: Decodable {
    let node: ConfigNode

    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
        func node(_ content: ConfigNode.Content) -> ConfigNode { ConfigNode(content, at: .none, style: .doubleQuoted) }
        if let members = try? decoder.container(keyedBy: Key.self) {
            self.node = node(
                .map(
                    try members.allKeys.map {
                        ConfigNode.Entry(key: $0.stringValue, position: .none, value: try members.decode(ParsedJSON.self, forKey: $0).node)
                    }))
            return
        }
        if var elements = try? decoder.unkeyedContainer() {
            var nodes: [ConfigNode] = []
            while !elements.isAtEnd { nodes.append(try elements.decode(ParsedJSON.self).node) }
            self.node = node(.list(nodes))
            return
        }
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self.node = node(.null)
        } else if let truth = try? value.decode(Bool.self) {
            self.node = node(.scalar(truth ? "true" : "false"))
        } else if let number = try? value.decode(Int.self) {
            self.node = node(.scalar(String(number)))
        } else if let number = try? value.decode(Double.self) {
            self.node = node(.scalar(String(number)))
        } else {
            self.node = node(.scalar(try value.decode(String.self)))
        }
    }
}
