import GatewayCore
import Identity
import Primitives

/// Signing keys that one loop has made: a secret has one for each day, region and service.
struct SigV4Keys {
    private struct Name: Hashable {
        let secret: [UInt8]
        let scope: SigV4Scope
    }

    private static let most = 512
    private var keys: [Name: SigV4Key] = [:]

    /// Nil only if libcrypto fails.
    mutating func key(_ secret: [UInt8], _ scope: SigV4Scope) -> SigV4Key? {
        let name = Name(secret: secret, scope: scope)
        if let key = keys[name] { return key }
        guard let key = try? SigV4Key(secret: secret, scope) else { return nil }
        if keys.count >= SigV4Keys.most { keys.removeAll(keepingCapacity: true) }
        keys[name] = key
        return key
    }
}

/// The parameters of a presigned URL.
enum SigV4Query {
    private static let names: [StaticString] = [
        "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature", "X-Amz-Security-Token",
    ]

    /// Forwards the query without them.
    static func remove(from request: RequestHead) {
        guard let query = request.query else { return }
        let kept = ByteBuffer(capacity: query.count)
        QueryString.forEachPiece(query) { piece in
            let name = piece.prefix(piece.firstIndex(of: UInt8(ascii: "=")) ?? piece.count)
            guard !names.contains(where: { name == $0 }) else { return true }
            if !kept.isEmpty { kept.append("&") }
            kept.append(piece)
            return true
        }
        request.querySpan = kept.isEmpty ? nil : request.store { $0.append(kept.view) }
        request.isQueryEdited = true
    }
}
