/// The keys of an issuer.
package struct VerifyingKeys: Sendable {
    package let keys: [VerifyingKey]
    /// Why other keys are left out.
    package private(set) var flaws: [String] = []

    /// Keys that are tried for a token that doesn't say which one.
    private static let mostTried = 10

    package init(_ keys: [VerifyingKey]) { self.keys = keys }

    /// - Parameter algorithms: what keys may be used for; nil: what their type knows.
    package init(_ set: JSONWebKeySet, algorithms: [SignatureAlgorithm]? = nil) {
        var keys: [VerifyingKey] = []
        flaws = set.flaws
        for key in set.keys {
            do throws(KeyError) {
                keys.append(try VerifyingKey(key, algorithms: algorithms))
            } catch {
                flaws.append("\(key): \(error.message)")
            }
        }
        self.keys = keys
    }

    /// Which keys a token may have been signed with. One without a `kid` of its own stands for any.
    func candidates(for header: TokenHeader) throws(TokenFlaw) -> (SignatureAlgorithm, [VerifyingKey]) {
        guard let algorithm = SignatureAlgorithm(rawValue: header.algorithm) else {
            throw header.algorithm.lowercased() == "none" ? .algorithmNone : .algorithmUnknown
        }
        let named = keys.filter { key in
            guard let kid = header.kid, let own = key.kid else { return true }
            return kid.utf8.elementsEqual(own.utf8)
        }
        guard !named.isEmpty else { throw .keyUnknown }
        let fitting = named.filter { $0.algorithms.contains(algorithm) }
        guard !fitting.isEmpty else { throw .algorithmNotAllowed }
        guard fitting.count <= VerifyingKeys.mostTried else { throw .keyAmbiguous }
        return (algorithm, fitting)
    }
}
