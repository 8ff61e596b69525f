import GatewayCore
import Identity
import PolicyKit
import Primitives
import Schema

/// The digest that an exchange's body should have, kept in the memo of the policy that has found it out.
final class BodyCheck {
    private let algorithm: DigestAlgorithm
    private let digest: [UInt8]

    init(_ algorithm: DigestAlgorithm, _ digest: [UInt8]) {
        self.algorithm = algorithm
        self.digest = digest
    }

    /// How the body is looked at. Without a body there is nothing to wait for: see `verdictWithoutBody`.
    ///
    /// - Parameter most: collect the body up to so many bytes before anything is sent; nil: check it as it passes.
    func demand(collecting most: Int?) -> BodyDemand {
        if let most { return .whole(most: most) }
        guard let stage = try? DigestStage(algorithm, digest) else { return .stream(RefusedBody()) }
        return .stream(stage)
    }

    func verdict(_ body: ByteView) -> Verdict {
        guard let found = try? Digest.compute(algorithm, body), MAC.equal(found, digest) else { return .refuse(.digestMismatch) }
        return .proceed
    }
}

/// Lets nothing through, because libcrypto can't compute.
private final class RefusedBody: BodyStage {
    var keepsLength: Bool { true }
    func take(_ bytes: ByteView, _ next: (ByteView) throws(GatewayError) -> Void) throws(GatewayError) {
        throw GatewayError(.internalError, .gateway)
    }
}
