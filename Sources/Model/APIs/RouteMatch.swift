package import Primitives
package import Schema

/// All conditions must hold.
package struct RouteMatch: Settings {
    @Setting("Path after the API's base path: exact `/a`, template `/a/{id}`, or prefix `/a/*`.")
    package var path: PathPattern?

    @Setting("Regular expression for the path after the base path; groups are `$1`, `$2` … in templates.")
    package var pathRegex: String?

    @Setting("In place of a path: calls of a gRPC service, gRPC-Web included. The API's base path takes no part in it.")
    package var grpc: GRPCMatch?

    @Setting("Methods; GET includes HEAD. Left out: any.")
    package var methods: [HTTPMethod] = []

    @Setting("Header name to value: an exact string, or `{ prefix: … }`, `{ regex: … }`, `{ present: true }`.")
    package var headers: OrderedMap<ValueMatch> = [:]

    @Setting("Query parameter to value, in the same forms as `headers`.")
    package var query: OrderedMap<ValueMatch> = [:]

    @Setting("Networks that the client's address is in.")
    package var clientIp: [CIDR] = []

    @Setting("An expression over `request` and `source` that must be true. One that fails does not match.")
    package var when: ExpressionText?

    package var origin = Origin()
    package init() {}
}
