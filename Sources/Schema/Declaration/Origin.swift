/// Where a group stands in its file: `var origin = Origin()` in a `Settings` type. Takes no part in comparisons.
public struct Origin: Sendable, Equatable {
    public var position: SourcePosition

    /// The place of the group that is being decoded, if one is.
    public init() { position = GroupFrame.current?.position ?? .none }

    public static func == (a: Origin, b: Origin) -> Bool { true }
}
