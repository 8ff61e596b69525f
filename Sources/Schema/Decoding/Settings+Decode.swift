extension Settings {
    /// Decodes a group. Unknown keys, reserved keys, wrong values and missing required settings are all reported.
    @inlinable
    public static func decode(_ node: ConfigNode, in context: DecodingContext) -> Self? {
        guard let frame = context.open(Self.self, node) else { return nil }
        let outer = GroupFrame.current
        GroupFrame.current = frame
        let value = Self()
        GroupFrame.current = outer
        let isUsable = !frame.lacksRequired
        context.close(frame)
        return isUsable ? value : nil
    }
}

extension DecodingContext {
    /// A frame for the group at `node`, or nil after reporting that there is none.
    @usableFromInline
    func open(_ type: any Settings.Type, _ node: ConfigNode) -> GroupFrame? {
        let group = DefinitionCache.definition(of: type)
        guard case .map(let entries) = node.content else {
            let required = group.settings.filter(\.isRequired).map { "\($0.name): …" }
            let example = required.isEmpty ? nil : "such as `{ \(required.joined(separator: ", ")) }`"
            mismatch(node, expected: "a group of settings", remedy: example)
            return nil
        }
        let frame = spareFrames.popLast() ?? GroupFrame(self)
        frame.start(group, entries: entries, position: node.position)
        return frame
    }

    @usableFromInline
    func close(_ frame: GroupFrame) {
        frame.finish()
        spareFrames.append(frame)
    }
}
