package import Primitives

/// Sees a body pass. Made for one body of one exchange.
package protocol BodyStage: AnyObject {
    /// The body stays as long as it was; otherwise it is sent without announcing its length.
    var keepsLength: Bool { get }

    /// A piece has come: passes on what is to be passed on. The view is valid during the call.
    func take(_ bytes: ByteView, _ next: (ByteView) throws(GatewayError) -> Void) throws(GatewayError)

    /// The body is complete: passes on what is left.
    func end(_ next: (ByteView) throws(GatewayError) -> Void) throws(GatewayError)

    /// The same, with the trailers that came behind the body. A stage that makes bytes of them takes them away.
    func end(trailers: inout HeaderFields?, _ next: (ByteView) throws(GatewayError) -> Void) throws(GatewayError)
}

extension BodyStage {
    package func end(_ next: (ByteView) throws(GatewayError) -> Void) throws(GatewayError) {}

    package func end(trailers: inout HeaderFields?, _ next: (ByteView) throws(GatewayError) -> Void) throws(GatewayError) {
        try end(next)
    }
}

/// Stages in the order in which bytes pass them.
package struct BodyStages {
    private var stages: ContiguousArray<any BodyStage> = []

    package init() {}

    package var isEmpty: Bool { stages.isEmpty }
    package var last: (any BodyStage)? { stages.last }
    package var keepLength: Bool { stages.allSatisfy { $0.keepsLength } }
    package mutating func append(_ stage: any BodyStage) { stages.append(stage) }
    package mutating func removeAll() { if !stages.isEmpty { stages.removeAll() } }

    package func take(_ bytes: ByteView, _ out: (ByteView) throws(GatewayError) -> Void) throws(GatewayError) {
        try take(bytes, from: 0, out)
    }

    package func end(
        trailers: inout HeaderFields?, _ out: (ByteView) throws(GatewayError) -> Void
    ) throws(GatewayError) {
        for i in stages.indices {
            try stages[i].end(trailers: &trailers) { (bytes) throws(GatewayError) in try take(bytes, from: i + 1, out) }
        }
    }

    private func take(
        _ bytes: ByteView, from place: Int, _ out: (ByteView) throws(GatewayError) -> Void
    ) throws(GatewayError) {
        guard place < stages.count else { return try out(bytes) }
        try stages[place].take(bytes) { (bytes) throws(GatewayError) in try take(bytes, from: place + 1, out) }
    }
}
