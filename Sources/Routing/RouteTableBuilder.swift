internal import Expressions
internal import Primitives

/// Compiles rules: gathers entries by the place where their paths end, then sorts each place and looks for conflicts.
struct RouteTableBuilder {
    let rules: [RouteRule]
    var storage = RouteStorage()
    var problems: [RouteTableError.Problem] = []
    /// Entries in the order of the rules, each with its place.
    var pending: [(place: Int, entry: RouteEntry)] = []
    var places: [Place] = []
    /// Pairs of rules whose conflict is among the problems.
    var reported: Set<[Int]> = []
    private var hostNumbers: [HostPattern: Int] = [:]
    private var bases: [String: Base] = [:]

    /// Who owns a group.
    enum Place {
        case literal(Int), whole(Int), open(Int)
    }

    private struct Base {
        var text: String
        var segments: [PathPattern.Segment]
    }

    init(_ rules: [RouteRule]) {
        self.rules = rules
        pending.reserveCapacity(rules.count)
        // Nobody's child.
        storage.nodes.append(RouteNode())
    }

    mutating func build() throws(RouteTableError) -> RouteStorage {
        for position in rules.indices { add(position) }
        arrange()
        guard problems.isEmpty else { throw RouteTableError(problems: problems) }
        linkHosts()
        return storage
    }

    private mutating func add(_ position: Int) {
        let rule = rules[position]
        do {
            let base = try base(rule.basePath)
            let entry = try entry(for: rule, at: position, baseLength: base.text.utf8.count)
            var hosts: [Int] = []
            for pattern in rule.hosts.isEmpty ? [.any] : rule.hosts {
                let host = number(of: pattern)
                if !hosts.contains(host) { hosts.append(host) }
            }
            for host in hosts { insert(entry, rule, base.text, base.segments, host) }
        } catch {
            problems.append(.invalid(rule: rule.index, message: "\(rule.label): \(error)"))
        }
    }

    /// Neighbouring rules share theirs: each text is normalised once.
    private mutating func base(_ text: String) throws(PatternError) -> Base {
        if let known = bases[text] { return known }
        let normal = try PathText.normaliseBase(text)
        let base = Base(text: normal, segments: PathText.segments(normal).map { .literal(String($0)) })
        bases[text] = base
        return base
    }

    private mutating func number(of pattern: HostPattern) -> Int {
        if let known = hostNumbers[pattern] { return known }
        let number = storage.hosts.count
        var host = RouteHost(root: UInt32(storage.nodes.count))
        storage.nodes.append(RouteNode())
        switch pattern {
        case .any: storage.anyHost = Int32(number)
        case .exact(let name):
            host.name = storage.text.add(name)
            storage.exactHosts.insert(name.withView { ByteHash.hash($0, seed: 0) }, number)
        case .wildcard(let suffix):
            host.name = storage.text.add(suffix)
            storage.wildcardHosts.insert(suffix.withView { ByteHash.hash($0, seed: 1) }, number)
            storage.wildcardLabels = max(storage.wildcardLabels, suffix.utf8.count { $0 == UInt8(ascii: ".") } + 1)
        }
        storage.hosts.append(host)
        hostNumbers[pattern] = number
        return number
    }

    /// Each host's next less specific one: what does not fit here may fit there.
    private mutating func linkHosts() {
        for (pattern, number) in hostNumbers {
            let wildcard: Int? =
                switch pattern {
                case .any: nil
                case .exact(let name), .wildcard(let name): name.withView { storage.wildcardHost(under: $0) }
                }
            storage.hosts[number].next = pattern == .any ? -1 : wildcard.map { Int32($0) } ?? storage.anyHost
        }
    }
}
