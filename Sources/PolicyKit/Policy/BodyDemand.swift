package import GatewayCore

/// How a policy wants to see a body.
package enum BodyDemand {
    /// Not at all.
    case none
    /// Piece by piece, as it passes.
    case stream(any BodyStage)
    /// Whole, up to so many bytes. A longer request is refused with 413, a longer response with 502.
    case whole(most: Int)
}
