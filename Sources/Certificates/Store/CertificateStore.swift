private import Glibc
internal import Primitives
internal import Reactor

/// An account that was made, and what its server has been told.
struct StoredAccount: Equatable, Sendable {
    var url: String
    var contact: [String]
}

/// The folder that gateways share: accounts, certificates, challenges, wishes, and who leads. Blocks; for the loop of the
/// certificates.
///
///     leader                          who leads
///     changes                         another text after every change of a certificate
///     issuers/NAME/account.key, account.json
///     certificates/ID/record.json, VERSION.crt, VERSION.key
///     challenges/http-01/TOKEN, challenges/tls-alpn-01/NAME
///     wishes/NAME                     a name that somebody asks for in a handshake
struct CertificateStore: Sendable {
    let folder: StoreFolder

    init(_ path: String) { folder = StoreFolder(path: path) }

    func prepare() throws(SystemError) {
        for name in ["certificates", "issuers", "challenges/http-01", "challenges/tls-alpn-01", "wishes"] { try folder.make(name) }
    }

    // MARK: Leading

    private static let leader = "leader"

    /// Lets `decide` see the lease and say what it becomes. Nothing happens while another gateway does the same.
    func changeLease(_ decide: (LeaderElection.Lease?) -> LeaderElection.Lease?) throws(SystemError) {
        _ = try folder.exclusively("leader.lock") { () throws(SystemError) in
            let json = (try folder.read(CertificateStore.leader)).flatMap { try? JSON.parse($0) }
            var lease: LeaderElection.Lease?
            if let holder = json?["holder"]?.string, let beat = json?["beat"]?.int { lease = .init(holder: holder, beat: beat) }
            guard let next = decide(lease) else { return }
            let text: JSON = ["holder": .string(next.holder), "beat": .number(JSONNumber(next.beat))]
            try folder.write(text.bytes, to: CertificateStore.leader)
        }
    }

    // MARK: Certificates

    /// Names the folder of a certificate: its first name, and what tells it from others with that name.
    static func id(of wanted: WantedCertificate) throws(CryptoFailure) -> String {
        let first = (wanted.names.first ?? "").replacing("*", with: "_").prefix(100)
        return "\(first)-\(try SHA256.name(of: "\(wanted.issuer)\n\(wanted.names.sorted().joined(separator: "\n"))"))"
    }

    func record(_ id: String) throws(SystemError) -> CertificateRecord? {
        try folder.read("certificates/\(id)/record.json").flatMap { CertificateRecord(bytes: $0) }
    }

    /// Everything that can be read, by its id.
    func records() -> [String: CertificateRecord] {
        var records: [String: CertificateRecord] = [:]
        for id in folder.list("certificates") { records[id] = (try? record(id)) ?? nil }
        return records
    }

    func write(_ record: CertificateRecord, _ id: String) throws(SystemError) {
        try folder.make("certificates/\(id)")
        try folder.write(record.bytes, to: "certificates/\(id)/record.json")
    }

    func remove(_ id: String) {
        for name in folder.list("certificates/\(id)") { folder.remove("certificates/\(id)/\(name)") }
        folder.removeFolder("certificates/\(id)")
    }

    func certificatePath(_ id: String, _ version: String) -> String { folder.path("certificates/\(id)/\(version).crt") }
    func keyPath(_ id: String, _ version: String) -> String { folder.path("certificates/\(id)/\(version).key") }

    /// Writes a certificate and its key; nobody looks at them before the record says so.
    func write(chain: [UInt8], key: PrivateKey, _ id: String, _ version: String) throws(SystemError) {
        try folder.make("certificates/\(id)")
        let isWritten: Void? = try unsafe key.withPEM { (bytes) throws(SystemError) in
            try unsafe folder.write(bytes, to: "certificates/\(id)/\(version).key")
        }
        guard isWritten != nil else { throw SystemError("can't write a key", code: ENOMEM) }
        try folder.write(chain, to: "certificates/\(id)/\(version).crt")
    }

    /// Removes files that no record names, but for those of `versions`: some gateway may be about to read them.
    func removeFiles(of id: String, but versions: [String]) {
        for name in folder.list("certificates/\(id)") where name != "record.json" {
            if !versions.contains(where: { name == "\($0).crt" || name == "\($0).key" }) { folder.remove("certificates/\(id)/\(name)") }
        }
    }

    // MARK: Changes

    func noteChange() throws(SystemError) {
        let now = Instant.wallClock
        try folder.write(Array("\(now)\n".utf8), to: "changes")
    }

    /// Another text after every change.
    func changes() -> [UInt8] { ((try? folder.read("changes")) ?? nil) ?? [] }

    // MARK: Challenges

    private static func challenge(_ type: String, _ name: String) -> String { "challenges/\(type)/\(name)" }

    func setChallenge(_ type: String, _ name: String, _ keyAuthorization: String) throws(SystemError) {
        try folder.write(Array(keyAuthorization.utf8), to: CertificateStore.challenge(type, name))
    }

    func removeChallenge(_ type: String, _ name: String) { folder.remove(CertificateStore.challenge(type, name)) }

    /// - Parameter name: a token, or a host name: nothing with a slash.
    func challenge(_ type: String, _ name: String) -> String? {
        guard let bytes = (try? folder.read(CertificateStore.challenge(type, name))) ?? nil else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What a leader that has ended left behind.
    func removeChallenges() {
        for type in ["http-01", "tls-alpn-01"] {
            for name in folder.list("challenges/\(type)") { removeChallenge(type, name) }
        }
    }

    // MARK: Wishes

    func wish(_ name: String) throws(SystemError) { try folder.write([], to: "wishes/\(name)") }
    func wishes() -> [String] { folder.list("wishes") }
    func fulfilled(_ name: String) { folder.remove("wishes/\(name)") }

    // MARK: Accounts

    func accountKey(_ issuer: String) throws(ACMEError) -> PrivateKey {
        do {
            let name = "issuers/\(issuer)/account.key"
            try folder.make("issuers/\(issuer)")
            if try folder.read(name) != nil { return try PrivateKey.read(folder.path(name)) }
            let key = try PrivateKey.make(.ecdsaP256)
            _ = try unsafe key.withPEM { (bytes) throws(SystemError) in try unsafe folder.write(bytes, to: name) }
            return key
        } catch {
            throw .local("the account's key: \(error)")
        }
    }

    /// The account with the directory of an issuer, if one was made.
    func account(_ issuer: IssuerSettings) -> StoredAccount? {
        guard let bytes = (try? folder.read("issuers/\(issuer.name)/account.json")) ?? nil, let json = try? JSON.parse(bytes),
            json["directory"]?.string == issuer.directory, let url = json["url"]?.string
        else { return nil }
        return StoredAccount(url: url, contact: json["contact"]?.strings ?? [])
    }

    func keep(_ account: StoredAccount, of issuer: IssuerSettings) throws(SystemError) {
        let text: JSON = [
            "directory": .string(issuer.directory), "url": .string(account.url), "contact": .array(account.contact.map { .string($0) }),
        ]
        try folder.write(text.bytes, to: "issuers/\(issuer.name)/account.json")
    }
}
