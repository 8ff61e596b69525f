internal import Primitives

/// What one match has found so far.
struct RouteWalk {
    let path: ByteView
    let method: UInt64
    /// Only a greater key is of interest.
    var floor: UInt64 = 0
    /// The best entry; -1 for none.
    var best = -1
    /// Methods with which the request would have fitted.
    var allowed: UInt64 = 0
    /// Parameters of the branch that is being walked.
    var parameters = InlineArray<16, ByteRange>(repeating: ByteRange(start: 0, end: 0))
    var parameterCount = 0
    var nodesVisited = 0

    init(path: ByteView, method: HTTPMethod) {
        self.path = path
        self.method = HTTPMethodSet(method).rawValue
    }
}

extension RouteStorage {
    /// Walks the subtree of `number`, whose own segment ends at `place`, and keeps the best entry that fits.
    ///
    /// Literal children first: among equal keys the first one found stays. The depth is bounded by `PathText.segmentLimit`, the number
    /// of nodes by those whose patterns fit so far.
    func descend<Request: RoutableRequest>(
        _ number: Int, _ place: Int, _ request: Request, _ walk: inout RouteWalk, _ captures: inout RouteCaptures
    ) {
        let node = nodes[number]
        walk.nodesVisited += 1
        guard place < walk.path.count else {
            if node.whole.count > 0 { consider(node.whole, .end, request, &walk, &captures) }
            if node.open.count > 0 { consider(node.open, .base, request, &walk, &captures) }
            return
        }
        let start = place + 1
        if node.literalChildren | node.parameterChild != 0 {
            let end = walk.path.firstIndex(of: UInt8(ascii: "/"), from: start) ?? walk.path.count
            if node.literalChildren > 0, let child = edge(number, walk.path[start..<end]), nodes[child].bound > walk.floor {
                descend(child, end, request, &walk, &captures)
            }
            let parameter = Int(node.parameterChild)
            if parameter > 0, end > start, nodes[parameter].bound > walk.floor, walk.parameterCount < RouteCaptures.parameterLimit {
                walk.parameters[walk.parameterCount] = ByteRange(start: UInt32(start), end: UInt32(end))
                walk.parameterCount += 1
                descend(parameter, end, request, &walk, &captures)
                walk.parameterCount -= 1
            }
        }
        if node.open.count > 0 { consider(node.open, .rest(start), request, &walk, &captures) }
    }

    func edge(_ parent: Int, _ segment: ByteView) -> Int? {
        edges.find(ByteHash.hash(segment, seed: parent)) { child in
            nodes[child].parent == UInt32(parent) && text.equals(nodes[child].label, segment)
        }
    }

    /// The whole path among the host's literal ones.
    func literal(_ host: Int, _ path: ByteView) -> Int? {
        literalIndex.find(ByteHash.hash(path, seed: host)) { number in
            literals[number].host == UInt32(host) && text.equals(literals[number].path, path)
        }
    }
}
