import Schema

extension Linter {
    mutating func checkAPIs(_ apis: [API]) {
        checkNames(apis.map(\.$name), of: "apis")
        for (i, api) in apis.enumerated() {
            let path = "apis[\(i)]"
            if api.routes.isEmpty { warning(api.$routes.position, "\(path).routes", "the API \(api.$name.shown) has no routes") }
            if api.keepBasePath, api.basePath == .root {
                warning(api.$keepBasePath.position, "\(path).keepBasePath", "has no effect without `basePath`")
            }
            if Set(api.hosts).count < api.hosts.count { warning(api.$hosts.position, "\(path).hosts", "a host stands there twice") }
            checkUpgrade(api.$upgrade, "\(path).upgrade")
            checkRouteNames(api, path)
            for (j, route) in api.routes.enumerated() {
                check(route, i, j)
                if let grpc = route.match.grpc, api.basePath != .root {
                    warning(
                        route.match.$grpc.position, "\(path).routes[\(j)].match.grpc", "`basePath` does not apply: calls come for \(grpc.path)")
                }
            }
        }
    }

    private mutating func checkRouteNames(_ api: API, _ path: String) {
        var first: [String: SourcePosition] = [:]
        first.reserveCapacity(api.routes.count)
        for (j, route) in api.routes.enumerated() {
            guard let name = route.name else { continue }
            if name.isEmpty { error(route.$name.position, "\(path).routes[\(j)].name", "a name needs at least one character") }
            if let before = first.updateValue(route.$name.position, forKey: name) {
                error(route.$name.position, "\(path).routes[\(j)].name", "the name \(route.$name.shown) is taken already at \(before)")
            }
        }
    }

    private mutating func check(_ route: Route, _ i: Int, _ j: Int) {
        var path: String { "apis[\(i)].routes[\(j)]" }
        let captures = checkMatch(route.match, "apis[\(i)].routes[\(j)].match")
        let given = [route.upstream != nil, route.split != nil, route.redirect != nil, route.respond != nil].count { $0 }
        if given != 1 {
            error(
                route.origin.position, path,
                given == 0 ? "the route does nothing" : "the route has \(given) actions",
                remedy: "give exactly one of `upstream`, `split`, `redirect`, `respond`")
        }
        if let upstream = route.upstream { use(upstream, route.$upstream, "\(path).upstream") }
        if let split = route.split { check(split, route.$split.position, "\(path).split") }
        if route.$splitKey.isGiven, route.split == nil {
            warning(route.$splitKey.position, "\(path).splitKey", "has no effect without `split`")
        }
        if let redirect = route.redirect { check(redirect, captures, "\(path).redirect") }
        if let respond = route.respond { check(respond, "\(path).respond") }
        if let rewrite = route.rewrite { check(rewrite, captures, "\(path).rewrite") }
        checkUpgrade(route.$upgrade, "\(path).upgrade")
        if route.upstream == nil, route.split == nil, given == 1 { checkForwardingOnly(route, path) }
    }

    /// Settings that only say how to forward.
    private mutating func checkForwardingOnly(_ route: Route, _ path: String) {
        let message = "has no effect: the route does not forward"
        if route.$rewrite.isGiven { warning(route.$rewrite.position, "\(path).rewrite", message) }
        if route.$hostHeader.isGiven { warning(route.$hostHeader.position, "\(path).hostHeader", message) }
        if route.$upgrade.isGiven { warning(route.$upgrade.position, "\(path).upgrade", message) }
        if route.$websocket.isGiven { warning(route.$websocket.position, "\(path).websocket", message) }
    }

    mutating func use(_ upstream: String, _ setting: Setting<some SettingValue>, _ path: @autoclosure () -> String) {
        if knownUpstreams.contains(upstream) {
            usedUpstreams.insert(upstream)
            return
        }
        let question = setting.isSecret ? nil : Suggestion.question(upstream, among: knownUpstreams.sorted())
        let nearest = knownUpstreams.isEmpty ? "there are no upstreams" : question
        error(setting.position, path(), "there is no upstream called \(setting.shown)", remedy: nearest)
    }

    private mutating func check(_ split: [SplitTarget], _ place: SourcePosition, _ path: String) {
        if split.isEmpty {
            error(place, path, "a split needs a target", remedy: "such as `[{ upstream: a, weight: 95 }, { upstream: b, weight: 5 }]`")
        } else if split.allSatisfy({ $0.weight == 0 }) {
            error(place, path, "every weight is 0, so no target takes requests")
        }
        for (i, target) in split.enumerated() {
            use(target.upstream, target.$upstream, "\(path)[\(i)].upstream")
            if split[..<i].contains(where: { $0.upstream == target.upstream }) {
                warning(
                    target.$upstream.position, "\(path)[\(i)].upstream", "\(target.$upstream.shown) stands there twice",
                    remedy: "add the weights")
            }
        }
    }
}
