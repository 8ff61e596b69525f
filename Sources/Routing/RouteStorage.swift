internal import Expressions

/// The compiled form of a `RouteTable`: flat arrays of plain values, so that matching neither allocates nor counts references.
struct RouteStorage: Sendable {
    var text = RouteText()
    var hosts: [RouteHost] = []
    /// Names of exact hosts, and suffixes of wildcards, to `hosts`.
    var exactHosts = OpenHash()
    var wildcardHosts = OpenHash()
    /// The entry of `hosts` for every host; -1 for none.
    var anyHost: Int32 = -1
    /// Most labels of any wildcard's suffix.
    var wildcardLabels = 0

    /// Whole literal paths, hashed with their host, to `literals`.
    var literalIndex = OpenHash()
    var literals: [RouteLiteral] = []
    /// Edges of all trees, hashed with the parent, to `nodes`.
    var edges = OpenHash()
    /// Node 0 is nobody's child, so 0 stands for none.
    var nodes: [RouteNode] = []

    /// Rules by the place where their paths end; each place's are neighbours, the ones to be tried first in front.
    var entries: [RouteEntry] = []
    var conditions: [CompiledCondition] = []
    var networks: [RouteNetwork] = []
    var regexes: [LinearRegex] = []
    var expressions: [Expression] = []
}

/// One name or suffix, with the trees of the rules that give it.
struct RouteHost: Sendable {
    var name = RouteText.Slice()
    var root: UInt32 = 0
    /// The next less specific host that fits whatever this one fits; -1 for none.
    var next: Int32 = -1
    /// The greatest key among whole literal paths; 0 when there are none.
    var literalBound: UInt64 = 0
}

/// Consecutive entries. `count` 0 is none.
struct RouteGroup: Sendable {
    var start: UInt32 = 0
    var count: UInt32 = 0
}

/// One whole literal path of one host.
struct RouteLiteral: Sendable {
    var host: UInt32
    var path: RouteText.Slice
    var group = RouteGroup()
}

/// One segment of a tree.
struct RouteNode: Sendable {
    /// The greatest key in the subtree: what cannot beat the best found so far is not entered.
    var bound: UInt64 = 0
    var label = RouteText.Slice()
    var parent: UInt32 = 0
    var parameterChild: UInt32 = 0
    var literalChildren: UInt32 = 0
    /// Templates that end here.
    var whole = RouteGroup()
    /// Prefixes, regular expressions and rules without a path that begin here.
    var open = RouteGroup()
}

/// One rule at one place.
struct RouteEntry: Sendable {
    /// See `RouteRank`.
    var key: UInt64
    var methods: UInt64
    /// What the caller knows the rule by.
    var index: Int
    /// Its place among the rules.
    var position: UInt32
    var firstCondition: UInt32
    /// -1 for none.
    var regex: Int32 = -1
    var baseLength: UInt16
    var conditionCount: UInt16
    var kind: Kind

    struct Kind: OptionSet, Sendable {
        let rawValue: UInt8
        /// An open pattern that takes the base path alone, too.
        static let fitsBase = Kind(rawValue: 1)
        /// The last parameter is the rest.
        static let namesRest = Kind(rawValue: 2)
        /// No path was given: takes "*" as well.
        static let isAny = Kind(rawValue: 4)
        static let hasRemainder = Kind(rawValue: 8)
    }
}

/// A network as a mask and what must remain under it.
struct RouteNetwork: Sendable {
    var maskHigh: UInt64, maskLow: UInt64
    var high: UInt64, low: UInt64
}
