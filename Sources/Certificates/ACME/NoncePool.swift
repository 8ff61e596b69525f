internal import Identity

/// Nonces that an ACME server has handed out (RFC 8555 §6.5): each is good for one request. The latest is used first,
/// because servers forget old ones.
struct NoncePool {
    private var nonces: [String] = []
    static let most = 16

    mutating func put(_ nonce: String) {
        guard Base64URL.isToken(nonce) else { return }
        nonces.append(nonce)
        if nonces.count > NoncePool.most { nonces.removeFirst() }
    }

    mutating func take() -> String? { nonces.popLast() }
}
