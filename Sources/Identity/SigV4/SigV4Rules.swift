/// What a verifier demands of a signature.
package struct SigV4Rules: Sendable {
    /// Empty: any.
    package var services: [String] = []
    package var regions: [String] = []
    /// Seconds by which clocks may differ.
    package var skew: Int64 = 300
    package var allowsPresigned = true
    /// Seconds for which a presigned URL may be good; a week is what AWS allows.
    package var mostExpires: Int64 = 604_800
    package var allowsUnsignedPayload = false

    package init() {}

    /// - Parameter now: seconds since 1970.
    package func check(_ signature: SigV4Signature, now: Int64) throws(SignatureError) {
        let scope = signature.scope
        guard services.isEmpty || services.contains(scope.service), regions.isEmpty || regions.contains(scope.region) else {
            throw .refused("the signature is for another service or region")
        }
        guard scope.day == signature.time.day else { throw .malformed("the credential is of another day than the signature") }
        guard signature.signedHeaders.contains("host") else { throw .refused("host is not signed") }
        guard signature.time.seconds <= now &+ skew else { throw .refused("the signature is of the future") }
        if let expires = signature.expires {
            guard allowsPresigned else { throw .refused("presigned URLs are not accepted") }
            guard (1...mostExpires).contains(expires) else { throw .refused("the presigned URL is good for too long, or for no time") }
            guard signature.time.seconds &+ expires >= now else { throw .refused("the presigned URL has expired") }
        } else {
            guard signature.time.seconds >= now &- skew else { throw .refused("the signature is too old") }
        }
        switch signature.payload {
        case .unsigned, .unsignedChunks:
            guard allowsUnsignedPayload else { throw .refused("the body is not signed") }
        case .digest, .signedChunks, .unstated: break
        }
    }
}
