package import Primitives

/// A signed token in its compact form (RFC 7515 §7.1), read but not believed.
package struct SignedToken: Sendable {
    package let header: TokenHeader
    package let signature: [UInt8]
    /// What is signed: header and payload as they stand in the token.
    private let input: [UInt8]
    private let payloadStart: Int

    /// - Parameter most: bytes; a longer token is refused before it is looked at.
    package init(parsing token: ByteView, most: Int = 16 << 10) throws(TokenFlaw) {
        guard token.count <= most else { throw .tooLong }
        guard let first = token.firstIndex(of: UInt8(ascii: ".")),
            let second = token.firstIndex(of: UInt8(ascii: "."), from: first + 1),
            token.firstIndex(of: UInt8(ascii: "."), from: second + 1) == nil
        else { throw .partCount }
        header = try TokenHeader(parsing: token.prefix(first))
        guard header.encryption == nil else { throw .partCount }
        guard let signature = Base64URL.decode(token.dropFirst(second + 1)) else { throw .signatureEncoding }
        self.signature = signature
        input = token.prefix(second).array
        payloadStart = first + 1
    }

    package init(parsing token: String, most: Int = 16 << 10) throws(TokenFlaw) {
        let read: Result<SignedToken, TokenFlaw> = token.withView { view in
            Result { () throws(TokenFlaw) in try SignedToken(parsing: view, most: most) }
        }
        self = try read.get()
    }

    /// What it is about, whoever has signed it.
    package func payload() throws(TokenFlaw) -> [UInt8] {
        guard let bytes = input.withView({ Base64URL.decode($0.dropFirst(payloadStart)) }) else { throw .payloadEncoding }
        return bytes
    }

    /// What it claims, whoever has signed it.
    package func claims() throws(TokenFlaw) -> JSONObject { try JSONWebToken.claims(try payload()) }

    package func verify(with keys: VerifyingKeys) throws(TokenFlaw) {
        let (algorithm, candidates) = try keys.candidates(for: header)
        var flaw = TokenFlaw.keyUnknown
        for key in candidates {
            let result: Result<Void, TokenFlaw> = input.withView { input in
                Result { () throws(TokenFlaw) in try key.verify(signature, of: input, algorithm) }
            }
            switch result {
            case .success: return
            case .failure(let found): flaw = found
            }
        }
        throw flaw
    }
}
