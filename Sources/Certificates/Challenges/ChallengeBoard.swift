/// Tells all gateways of challenges that one has begun, whether they share the store or not. Callable from any thread.
package protocol ChallengeBoard: Sendable {
    /// - Parameters:
    ///   - type: as ACME calls it, such as `http-01`.
    ///   - name: the token, or the host name that is validated.
    func put(_ type: String, _ name: String, _ keyAuthorization: String)
    func takeDown(_ type: String, _ name: String)
    func keyAuthorization(_ type: String, _ name: String) -> String?
}
