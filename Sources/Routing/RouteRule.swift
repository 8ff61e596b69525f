package import Primitives

/// One match of the configuration, as the caller hands it to `RouteTable`.
package struct RouteRule: Sendable {
    /// What `RouteMatch.route` answers: the caller's number for the route, also its place in the file.
    package var index: Int
    /// For messages: `apis[0].routes[3] "read-product" (sluice.yaml:48)`.
    package var label: String
    /// Empty: every host.
    package var hosts: [HostPattern]
    /// A literal prefix at a segment boundary: `/catalog`; "" and "/" are the same.
    package var basePath: String
    package var path: PathPattern
    /// `.all` when the route names none: then it is no condition. GET serves HEAD too, unless an equally specific rule names HEAD.
    package var methods: HTTPMethodSet
    package var conditions: [RouteCondition]
    /// A higher one wins over everything else; 0 when the route says nothing.
    package var priority: Int

    package init(
        index: Int, label: String, hosts: [HostPattern] = [], basePath: String = "", path: PathPattern = .any,
        methods: HTTPMethodSet = .all, conditions: [RouteCondition] = [], priority: Int = 0
    ) {
        self.index = index
        self.label = label
        self.hosts = hosts
        self.basePath = basePath
        self.path = path
        self.methods = methods.isEmpty ? .all : methods
        self.conditions = conditions
        self.priority = priority
    }

    /// How many conditions a request must meet beside host and path; naming methods is one.
    package var conditionCount: Int { conditions.count + (methods == .all ? 0 : 1) }

    /// The methods it answers: HEAD wherever GET is (RFC 9110 §9.3.2).
    package var servedMethods: HTTPMethodSet {
        methods.contains(.get) ? methods.union(HTTPMethodSet(.head)) : methods
    }

    /// Names HEAD, rather than serving it because it serves GET.
    var namesHead: Bool { methods != .all && methods.contains(.head) }
}
