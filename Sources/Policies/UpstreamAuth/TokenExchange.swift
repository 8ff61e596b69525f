import GatewayCore
import Identity
import Primitives
import Reactor
import Synchronization

/// Exchanged tokens, by the tokens of clients, shared by all loops. What stands for a client's token is its digest.
final class TokenExchange: Sendable {
    private let sources = Mutex<[[UInt8]: TokenSource]>([:])
    private let most: Int
    private let make: @Sendable (String) -> TokenSource

    init(most: Int, _ make: @escaping @Sendable (String) -> TokenSource) {
        self.most = most
        self.make = make
    }

    var count: Int { sources.withLock { $0.count } }

    /// The source of what this token is exchanged for; nil only if libcrypto fails.
    func source(for token: [UInt8]) -> TokenSource? {
        guard let name = try? Digest.sha256(token) else { return nil }
        return sources.withLock { sources in
            if let known = sources[name] { return known }
            if sources.count >= most { TokenExchange.makeRoom(&sources, most) }
            let made = make(String(decoding: token, as: UTF8.self))
            sources[name] = made
            return made
        }
    }

    /// Tokens that are over go first; where that is not enough, whichever come.
    private static func makeRoom(_ sources: inout [[UInt8]: TokenSource], _ most: Int) {
        sources = sources.filter { !$0.value.isOver }
        for name in sources.keys.prefix(max(0, sources.count - most * 9 / 10)) { sources[name] = nil }
    }
}
