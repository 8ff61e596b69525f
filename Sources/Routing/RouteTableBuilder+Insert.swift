internal import Primitives

/// Where a rule's path goes.
extension RouteTableBuilder {
    mutating func insert(
        _ template: RouteEntry, _ rule: RouteRule, _ base: String, _ baseSegments: [PathPattern.Segment], _ host: Int
    ) {
        var entry = template
        switch rule.path {
        case .exact(let path):
            entry.key |= UInt64(RouteRank.exact)
            insert(entry, literal: base + path, host)
            // The base path alone is the path "/".
            if path == "/", !base.isEmpty { insert(entry, literal: base, host) }
        case .template(let segments):
            let all = baseSegments + segments
            entry.key |= UInt64(RouteRank.template(literals: literalCount(all)))
            let node = node(all, host)
            append(entry, to: .whole(node))
        case .prefix(let segments, let rest):
            entry.kind = rest == nil ? [.hasRemainder] : [.hasRemainder, .namesRest]
            if segments.isEmpty, !base.isEmpty { entry.kind.insert(.fitsBase) }
            insert(&entry, open: .prefix, baseSegments + segments, host)
        case .regex:
            if !base.isEmpty { entry.kind.insert(.fitsBase) }
            insert(&entry, open: .regex, baseSegments, host)
        case .any:
            entry.kind = base.isEmpty ? [.hasRemainder, .isAny] : [.hasRemainder, .fitsBase]
            insert(&entry, open: .any, baseSegments, host)
        }
    }

    private mutating func insert(
        _ entry: inout RouteEntry, open kind: RouteRank.Open, _ segments: [PathPattern.Segment], _ host: Int
    ) {
        entry.key |= UInt64(RouteRank.open(kind, segments: segments.count, literals: literalCount(segments)))
        let node = node(segments, host)
        append(entry, to: .open(node))
    }

    private mutating func insert(_ entry: RouteEntry, literal path: String, _ host: Int) {
        let number = path.withView { view in
            if let known = storage.literal(host, view) { return known }
            storage.literals.append(RouteLiteral(host: UInt32(host), path: storage.text.add(view)))
            storage.literalIndex.insert(ByteHash.hash(view, seed: host), storage.literals.count - 1)
            return storage.literals.count - 1
        }
        storage.hosts[host].literalBound = max(storage.hosts[host].literalBound, entry.key)
        append(entry, to: .literal(number))
    }

    private func literalCount(_ segments: [PathPattern.Segment]) -> Int {
        segments.count { if case .literal = $0 { true } else { false } }
    }

    /// The node of `segments` below the host's root.
    private mutating func node(_ segments: [PathPattern.Segment], _ host: Int) -> Int {
        var node = Int(storage.hosts[host].root)
        for segment in segments {
            switch segment {
            case .parameter:
                if storage.nodes[node].parameterChild == 0 {
                    storage.nodes.append(RouteNode(parent: UInt32(node)))
                    storage.nodes[node].parameterChild = UInt32(storage.nodes.count - 1)
                }
                node = Int(storage.nodes[node].parameterChild)
            case .literal(let text):
                node = text.withView { view in
                    if let known = storage.edge(node, view) { return known }
                    let label = storage.text.add(view)
                    storage.nodes.append(RouteNode(label: label, parent: UInt32(node)))
                    storage.nodes[node].literalChildren += 1
                    storage.edges.insert(ByteHash.hash(view, seed: node), storage.nodes.count - 1)
                    return storage.nodes.count - 1
                }
            }
        }
        return node
    }

    /// While the table is being built, a group's `start` is the number of its place.
    private mutating func append(_ entry: RouteEntry, to place: Place) {
        var group = self[place]
        if group.count == 0 {
            group.start = UInt32(places.count)
            places.append(place)
        }
        group.count += 1
        self[place] = group
        pending.append((Int(group.start), entry))
    }

    subscript(place: Place) -> RouteGroup {
        get {
            switch place {
            case .literal(let number): storage.literals[number].group
            case .whole(let node): storage.nodes[node].whole
            case .open(let node): storage.nodes[node].open
            }
        }
        set {
            switch place {
            case .literal(let number): storage.literals[number].group = newValue
            case .whole(let node): storage.nodes[node].whole = newValue
            case .open(let node): storage.nodes[node].open = newValue
            }
        }
    }
}
