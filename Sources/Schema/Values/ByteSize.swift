/// A size in bytes: `512B`, `8KiB`, `10MiB`, `1GB`.
public struct ByteSize: Hashable, Sendable, Comparable, SettingValue {
    public var bytes: Int

    public static func bytes(_ count: Int) -> ByteSize { ByteSize(bytes: count) }
    public static func kibibytes(_ count: Int) -> ByteSize { ByteSize(bytes: count * 1024) }
    public static func mebibytes(_ count: Int) -> ByteSize { ByteSize(bytes: count * 1_048_576) }

    public static func < (a: ByteSize, b: ByteSize) -> Bool { a.bytes < b.bytes }

    public static var shape: SettingShape {
        .text(name: "size", pattern: #"^\d+(\.\d+)?([KMGT]i?)?B$"#, examples: ["8KiB", "10MiB", "1GB"])
    }

    public static func decode(_ node: ConfigNode, in context: DecodingContext) -> ByteSize? {
        if let text = node.text, let value = ByteSize(parsing: text) { return value }
        context.mismatch(node, expected: "a size such as 8KiB, 10MiB or 1GB")
        return nil
    }

    public init(bytes: Int) { self.bytes = bytes }

    public init?(parsing text: String) {
        guard let (digits, unit) = Quantity.split(text), let factor = Self.units.first(where: { $0.name == unit })?.bytes,
            let bytes = Quantity.multiply(digits, by: factor)
        else { return nil }
        self.bytes = Int(bytes)
    }

    public var encoded: JSONValue {
        for unit in Self.units where bytes > 0 && Int64(bytes) % unit.bytes == 0 {
            return .string("\(Int64(bytes) / unit.bytes)\(unit.name)")
        }
        return .string("\(bytes)B")
    }

    /// Largest first, powers of two before powers of ten.
    private static let units: [(name: String, bytes: Int64)] = [
        ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10),
        ("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1000), ("B", 1),
    ]
}
