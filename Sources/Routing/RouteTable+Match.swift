internal import Primitives

extension RouteTable {
    /// The rule for `request`; see `RouteTable` for the order. Does not allocate once `captures` is warm.
    package func match<Request: RoutableRequest>(_ request: Request, captures: inout RouteCaptures) -> RouteMatch {
        let best = storage.search(request, &captures)
        if best.entry >= 0 { return .route(storage.entries[best.entry].index) }
        return best.allowed == 0 ? .notFound : .methodNotAllowed(HTTPMethodSet(rawValue: best.allowed))
    }
}

extension RouteStorage {
    /// The best entry (-1 for none), and the methods with which the request would have fitted.
    func search<Request: RoutableRequest>(_ request: Request, _ captures: inout RouteCaptures) -> (entry: Int, allowed: UInt64) {
        var walk = RouteWalk(path: request.path, method: request.method)
        let isPath = !walk.path.isEmpty && walk.path[0] == UInt8(ascii: "/")
        var host = firstHost(request.host)
        while host >= 0 {
            let known = hosts[host]
            if !isPath {
                consider(nodes[Int(known.root)].open, .asterisk, request, &walk, &captures)
            } else {
                if known.literalBound > walk.floor, let number = literal(host, walk.path) {
                    walk.nodesVisited += 1
                    consider(literals[number].group, .end, request, &walk, &captures)
                }
                if nodes[Int(known.root)].bound > walk.floor { descend(Int(known.root), 0, request, &walk, &captures) }
            }
            // Less specific hosts win by priority alone.
            if walk.best >= 0 { walk.floor |= RouteRank.pathMask }
            host = Int(known.next)
        }
        captures.nodesVisited = walk.nodesVisited
        return (walk.best, walk.allowed)
    }

    /// The most specific host that fits `name`; -1 for none. The others follow by `RouteHost.next`.
    private func firstHost(_ name: ByteView) -> Int {
        guard !name.isEmpty else { return Int(anyHost) }
        if exactHosts.count > 0, let exact = exactHost(name) { return exact }
        if wildcardHosts.count > 0, let wildcard = wildcardHost(under: name) { return wildcard }
        return Int(anyHost)
    }

    func exactHost(_ name: ByteView) -> Int? {
        exactHosts.find(ByteHash.hash(name, seed: 0)) { text.equals(hosts[$0].name, name) }
    }

    /// The wildcard with the longest suffix that `name` ends in, one label at least before it. Looks no further than the wildcard with the
    /// most labels, however many `name` has.
    func wildcardHost(under name: ByteView) -> Int? {
        var found: Int?
        var labels = 0
        var place = name.count - 1
        while place > 0, labels < wildcardLabels {
            if name[place] == UInt8(ascii: ".") {
                labels += 1
                let suffix = name.dropFirst(place + 1)
                let host = wildcardHosts.find(ByteHash.hash(suffix, seed: 1)) { text.equals(hosts[$0].name, suffix) }
                found = host ?? found
            }
            place -= 1
        }
        return found
    }
}
