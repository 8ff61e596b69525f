import Identity
import Primitives

/// Checks user names and passwords, on the threads that do nothing else.
struct LoginAccounts: Sendable {
    enum Result: Sendable {
        case right(OAuthUser)
        case wrong
        case busy
    }

    private let users: [OAuthUser]
    private let places: [String: Int]
    private let workers: PasswordWorkers
    private let secret: KeyedHash.Secret

    init(_ users: [OAuthUser], workers: PasswordWorkers) throws(CryptoError) {
        self.users = users
        self.workers = workers
        places = Dictionary(users.enumerated().map { ($1.username, $0) }, uniquingKeysWith: { first, _ in first })
        secret = try KeyedHash.Secret.random()
    }

    /// A name that nobody has takes as long as one that somebody has: the hash of another, always the same, is verified in its place.
    func check(_ username: String, _ password: String) async -> Result {
        guard !users.isEmpty, !username.isEmpty, !password.isEmpty, password.utf8.count <= 1024, let hash = try? KeyedHash(secret),
            let key = username.withView({ user in password.withView { hash.key(user: user, password: $0) } }),
            let decoy = username.withView({ hash.key(user: $0, password: ByteView()) })
        else { return .wrong }
        let place = places[username] ?? Int(truncatingIfNeeded: decoy.words.0 % UInt64(users.count))
        switch await workers.verify(key: key, hash: users[place].password, password: Array(password.utf8)) {
        case .busy: return .busy
        case .differs: return .wrong
        case .matches: return places[username] == nil ? .wrong : .right(users[place])
        }
    }
}
