import Glibc

/// A group that is being decoded: hands each of its settings, in order, its definition and its node.
///
/// `Settings.decode` makes the group (`Self()`) while its frame is the current one of the thread; the settings'
/// initialisers run in the order of declaration and take one slot each. Synthesised `Decodable` would be the usual way;
/// it measured seven times slower (100,000 routes in 2.0 s, not 0.3 s), because it goes through the unspecialised
/// witnesses of a generic wrapper.
@usableFromInline
final class GroupFrame {
    @usableFromInline unowned let context: DecodingContext
    @usableFromInline private(set) var position: SourcePosition = .none
    /// A required setting has no value: the group can't be used.
    @usableFromInline var lacksRequired = false

    private var group: GroupDefinition?
    private var entries: [ConfigNode.Entry] = []
    /// For each setting, the index of its entry, or -1.
    private var slots: [Int] = []
    private var next = 0

    init(_ context: DecodingContext) { self.context = context }

    func start(_ group: GroupDefinition, entries: [ConfigNode.Entry], position: SourcePosition) {
        self.group = group
        self.entries = entries
        self.position = position
        lacksRequired = false
        next = 0
        slots.removeAll(keepingCapacity: true)
        for _ in group.settings { slots.append(-1) }
        var hint = 0
        for (i, entry) in entries.enumerated() {
            if let slot = group.index(of: entry.key, hint: hint) {
                slots[slot] = i
                hint = slot + 1
            } else {
                reportUnknown(entry, in: group)
            }
        }
    }

    private func reportUnknown(_ entry: ConfigNode.Entry, in group: GroupDefinition) {
        if group.reserved.contains(entry.key) {
            // An empty value counts as left out, here as everywhere.
            if !entry.value.isNull { context.keyError(entry, DecodingContext.reservedMessage(entry.key)) }
        } else {
            let question = Suggestion.question(entry.key, among: group.names + group.reserved)
            context.keyError(
                entry, "unknown key `\(entry.key)`", remedy: question ?? "known keys: \(group.names.joined(separator: ", "))")
        }
    }

    /// The definition of the next setting, and its entry if there is one.
    @usableFromInline
    func nextSlot() -> (definition: AnyDefinition, entry: ConfigNode.Entry?)? {
        guard let group, next < group.settings.count else { return nil }
        let slot = slots[next]
        defer { next += 1 }
        return (group.settings[next], slot < 0 ? nil : entries[slot])
    }

    /// Ends the use of the frame; keeps its memory, not what it held.
    func finish() {
        entries = []
        group = nil
    }

    /// The next setting, decoded.
    @inlinable
    func take<Value: SettingValue>() -> Setting<Value> {
        guard let (untyped, entry) = nextSlot(), let definition = untyped as? Definition<Value> else {
            // A group that is made while another is decoded, without going through `decode`, has no values.
            return Setting(storage: .declared(Declaration(help: "", value: nil, range: nil)))
        }
        guard let entry, !entry.value.isNull else {
            if definition.isRequired { reportMissing(definition, entry) }
            return Setting(storage: .absent(definition), position: position)
        }
        let node = entry.value
        GroupFrame.current = nil
        context.enter(definition.name)
        var value = Value.decode(node, in: context)
        if let found = value, let range = definition.range, !range.contains(found) {
            reportOutOfRange(node, definition)
            value = nil
        }
        context.leave()
        GroupFrame.current = self
        if value == nil, definition.isRequired { lacksRequired = true }
        return Setting(storage: value.map { .value($0) } ?? .absent(definition), position: node.position, isSecret: node.isSecret)
    }

    @usableFromInline
    func reportMissing(_ definition: AnyDefinition, _ entry: ConfigNode.Entry?) {
        lacksRequired = true
        let place = ConfigNode(.null, at: entry?.position ?? position)
        context.within(definition.name) { context.error(place, "`\(definition.name)` is missing", remedy: definition.help) }
    }

    @usableFromInline
    func reportOutOfRange(_ node: ConfigNode, _ definition: AnyDefinition) {
        guard let bounds = definition.bounds else { return }
        context.error(node, "expected a value from \(bounds.lower.bare) to \(bounds.upper.bare), found \(node.shown)")
    }
}

extension GroupFrame {
    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        // Fails only when a process has 1024 keys already; then no thread has a frame, and decoding finds nothing.
        return pthread_key_create(&key, nil) == 0 ? key : pthread_key_t.max
    }()

    /// The frame that settings made on this thread take their values from.
    @usableFromInline
    static var current: GroupFrame? {
        get { pthread_getspecific(key).map { Unmanaged<GroupFrame>.fromOpaque($0).takeUnretainedValue() } }
        set { pthread_setspecific(key, newValue.map { Unmanaged.passUnretained($0).toOpaque() }) }
    }
}

extension JSONValue {
    /// Text without quotes; anything else as JSON.
    var bare: String {
        if case .string(let text) = self { text } else { text() }
    }
}
