package import Primitives

/// A token as far as it can be read without the keys of its issuer.
package enum ReadToken: Sendable {
    case signed(SignedToken)
    /// It was encrypted with a secret that its issuer shares with the gateway, which says as much as a signature.
    case claims(TokenHeader, JSONObject)

    /// Opens the token if it is encrypted. Inside there has to be a signed token (RFC 7519 §5.2), unless the key is a secret: with a public
    /// key anybody encrypts what he likes.
    package init(_ token: ByteView, most: Int, _ decryptionKeys: [DecryptionKey]) throws(TokenFlaw) {
        guard EncryptedToken.isEncrypted(token) else {
            self = .signed(try SignedToken(parsing: token, most: most))
            return
        }
        guard !decryptionKeys.isEmpty else { throw token.count > most ? .tooLong : .encryptionNotAllowed }
        let outer = try EncryptedToken(parsing: token, most: most)
        let content = try outer.open(with: decryptionKeys)
        if outer.header.contentType.map(TokenHeader.mediaType) == "jwt" {
            let inner: Result<SignedToken, TokenFlaw> = content.withView { content in
                Result { () throws(TokenFlaw) in try SignedToken(parsing: content, most: most) }
            }
            self = .signed(try inner.get())
        } else {
            guard outer.algorithm.isSymmetric else { throw .unsigned }
            self = .claims(outer.header, try JSONWebToken.claims(content))
        }
    }

    /// What it claims, before anything is verified.
    package func claims() throws(TokenFlaw) -> JSONObject {
        switch self {
        case .signed(let token): try token.claims()
        case .claims(_, let claims): claims
        }
    }
}
