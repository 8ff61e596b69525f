package import Reactor

/// How fast bytes of a body may pass. Whoever carries a body reserves a moment for each slice of it, in order, and passes the slice on when
/// that has come. Confined to the loop of its exchange.
package protocol BodyPace: AnyObject {
    /// Bytes that go at a time, at most.
    var slice: Int { get }

    /// When the next `count` bytes may pass: in the past, now, or later. They are spent, whatever becomes of them.
    func reserve(_ count: Int, now: Instant) -> Instant
}

/// The paces that the bodies of an exchange keep to: all of them at once.
package struct BodyPaces {
    package var request: ContiguousArray<any BodyPace> = []
    package var response: ContiguousArray<any BodyPace> = []

    package init() {}

    package var isEmpty: Bool { request.isEmpty && response.isEmpty }

    mutating func removeAll() {
        if !request.isEmpty { request.removeAll() }
        if !response.isEmpty { response.removeAll() }
    }
}
