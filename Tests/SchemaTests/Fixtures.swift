import Schema

/// A group with every kind of setting.
struct Sample: Settings {
    @Setting("Needed.") var name: String
    @Setting("Count.", 1...10) var count: Int = 3
    @Setting("Perhaps.", 0...5) var perhaps: Int?
    @Setting("Ratio.") var ratio: Double = 0.5
    @Setting("Flag.") var flag: Bool = false
    @Setting("Time.", .milliseconds(1) ... .seconds(60)) var time: Duration = .seconds(15)
    @Setting("Size.") var size: ByteSize = .kibibytes(8)
    @Setting("Share.") var share: Share = .percent(20)
    @Setting("Colour.") var colour: Colour = .darkBlue
    @Setting("Words.") var words: [String] = ["a"]
    @Setting("Map.") var map: OrderedMap<Int> = [:]
    @Setting("Inner | group.") var inner: Inner = Inner()
    @Setting("Inners.") var inners: [Inner] = []
    @Setting("`in` is a keyword.") var `in`: String?
    var origin = Origin()

    static var about: String { "A sample." }
    static var reserved: [String] { ["later"] }
    init() {}
}

struct Inner: Settings {
    @Setting("Depth.") var depth: Int = 1
    @Setting("Label.") var label: String?
    init() {}
}

enum Colour: String, SettingChoice {
    case red
    case darkBlue = "dark-blue"
    static var reservedNames: [String] { ["ultraviolet"] }
}

func load(_ yaml: String) -> Loaded<Sample> {
    let (tree, diagnostics) = ConfigNode.read(yaml: yaml, file: "f.yaml")
    let loaded = Sample.load(tree)
    return Loaded(value: loaded.value, diagnostics: diagnostics + loaded.diagnostics)
}
