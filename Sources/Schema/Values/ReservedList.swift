/// A list of the format that this version does not have yet: it must be empty or left out.
public struct ReservedList: SettingValue {
    public init() {}

    public static var shape: SettingShape { .list(.either([])) }

    public static func decode(_ node: ConfigNode, in context: DecodingContext) -> ReservedList? {
        guard case .list(let elements) = node.content else {
            context.mismatch(node, expected: "a list")
            return nil
        }
        for (i, element) in elements.enumerated() {
            context.within(i) { context.error(element, ReservedList.message(for: element)) }
        }
        return ReservedList()
    }

    public var encoded: JSONValue { [] }

    private static func message(for element: ConfigNode) -> String {
        guard case .map(let entries) = element.content, let name = entries.first?.key else {
            return DecodingContext.reservedMessage(element.isSecret ? "***" : element.text ?? "this list")
        }
        return DecodingContext.reservedMessage(name)
    }
}
