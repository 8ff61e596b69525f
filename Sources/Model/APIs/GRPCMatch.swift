import Primitives
package import Schema

/// Calls of one gRPC service, or of one of its methods.
package struct GRPCMatch: Settings {
    @Setting("Full name of the service, with its package: `orders.v1.Orders`.")
    package var service: String

    @Setting("Name of the method. Left out: every method of the service.")
    package var method: String?

    package var origin = Origin()
    package init() {}
}

extension GRPCMatch {
    /// What it is as a path, `*` for every method.
    package var path: String { "/\(service)/\(method ?? "*")" }

    /// Whether it can be the name of a service or method: letters, digits, `_` and `.`, and not empty.
    package static func isName(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "_"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }
}
