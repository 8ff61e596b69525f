import Foundation
import Reactor
import TLS
import Testing

@testable import Certificates

/// A store in a folder of its own, which goes with the test.
final class TemporaryStore {
    let store: CertificateStore
    let path = "\(NSTemporaryDirectory())/sluice-store-\(UUID().uuidString)"

    init() throws {
        store = CertificateStore(path + "/deep/er")
        try store.prepare()
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func mode(_ name: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: store.folder.path(name))
        return try #require(attributes[.posixPermissions] as? Int)
    }
}

@Suite struct CertificateStoreTests {
    let temporary: TemporaryStore
    var store: CertificateStore { temporary.store }
    let wanted = WantedCertificate(names: ["*.b.test", "a.test"], issuer: "x")

    init() throws { temporary = try TemporaryStore() }

    @Test func filesAreWholeAndForTheOwner() throws {
        #expect(try store.folder.read("changes") == nil)
        try store.folder.write([1, 2, 3], to: "changes")
        try store.folder.write([4], to: "changes")
        #expect(try store.folder.read("changes") == [4])
        #expect(try temporary.mode("changes") == 0o600 && temporary.mode("certificates") == 0o700 && temporary.mode("") == 0o700)
        #expect(store.folder.list("") == ["certificates", "changes", "challenges", "issuers", "wishes"].sorted())
        #expect(throws: SystemError.self) { try store.folder.write([1], to: "no/such/folder") }
    }

    @Test func recordsComeBack() throws {
        var record = CertificateRecord(wanted)
        record.version = "00ff"
        (record.notBefore, record.notAfter, record.askAt, record.retryAt) = (1, 2, 3, 4)
        (record.issuedBy, record.serial, record.renewalID, record.lastError) = ("CA", "00ff", "a.b", "no \"luck\"\n")
        (record.isOnDemand, record.fraction, record.window, record.failures) = (true, 0.125, 5...9, 7)
        let id = try CertificateStore.id(of: wanted)
        try store.write(record, id)
        #expect(try store.record(id) == record && store.records() == [id: record])
        #expect(try temporary.mode("certificates/\(id)/record.json") == 0o600)
        #expect(CertificateRecord(bytes: Array("{}".utf8)) == nil && CertificateRecord(bytes: [0xff]) == nil)
        // A version that leads elsewhere is none.
        let evil = #"{"names":["a.test"],"issuer":"x","version":"../../x"}"#
        #expect(CertificateRecord(bytes: Array(evil.utf8))?.version == nil)
    }

    @Test func idsTellCertificatesApart() throws {
        let id = try CertificateStore.id(of: wanted)
        #expect(id.hasPrefix("_.b.test-") && !id.contains("/"))
        #expect(try CertificateStore.id(of: WantedCertificate(names: ["a.test", "*.b.test"], issuer: "x")).dropFirst(6) == id.dropFirst(8))
        #expect(try CertificateStore.id(of: WantedCertificate(names: ["*.b.test"], issuer: "x")) != id)
        #expect(try CertificateStore.id(of: WantedCertificate(names: wanted.names, issuer: "y")) != id)
    }

    @Test func oneAtATimeDecidesWhoLeads() throws {
        var seen: [LeaderElection.Lease?] = []
        try store.changeLease { lease in
            seen.append(lease)
            // Another descriptor is refused meanwhile, as another process would be.
            try? store.changeLease {
                seen.append($0); return nil
            }
            return .init(holder: "me", beat: 3)
        }
        try store.changeLease {
            seen.append($0); return nil
        }
        #expect(seen == [nil, .init(holder: "me", beat: 3)])
    }

    @Test func keysAreKeptAndFoundAgain() throws {
        let key = try store.accountKey("x")
        #expect(try store.accountKey("x").thumbprint() == key.thumbprint())
        #expect(try store.accountKey("y").thumbprint() != key.thumbprint())
        #expect(try temporary.mode("issuers/x/account.key") == 0o600)
        let issuer = IssuerSettings(name: "x", directory: "https://a/dir"), account = StoredAccount(url: "https://a/1", contact: ["mailto:a@b"])
        try store.keep(account, of: issuer)
        #expect(store.account(issuer) == account && store.account(IssuerSettings(name: "x", directory: "https://b/dir")) == nil)
    }

    @Test func oldFilesGo() throws {
        let key = try PrivateKey.make(.ecdsaP256)
        for version in ["01", "02", "03"] { try store.write(chain: [1], key: key, "id", version) }
        store.removeFiles(of: "id", but: ["03", "02"])
        #expect(store.folder.list("certificates/id") == ["02.crt", "02.key", "03.crt", "03.key"])
        #expect(try temporary.mode("certificates/id/03.key") == 0o600)
        store.remove("id")
        #expect(store.folder.list("certificates") == [])
    }

    @Test func challengesAndWishes() throws {
        try store.setChallenge("http-01", "token", "token.print")
        #expect(store.challenge("http-01", "token") == "token.print" && store.challenge("http-01", "other") == nil)
        store.removeChallenges()
        #expect(store.challenge("http-01", "token") == nil)
        try store.wish("a.test")
        try store.wish("a.test")
        #expect(store.wishes() == ["a.test"])
        store.fulfilled("a.test")
        #expect(store.wishes() == [])
        let before = store.changes()
        try store.noteChange()
        #expect(store.changes() != before)
    }
}

@Suite struct CertificateRecordTests {
    @Test func failuresAndSuccess() {
        var record = CertificateRecord(WantedCertificate(names: ["a.test"], issuer: "x"))
        let settings = RenewalSettings()
        #expect(record.isDue(settings, now: 0) && record.renewal(settings) == nil)
        record.failed(.connection("no route"), now: 100, fraction: 0)
        #expect(record.failures == 1 && record.retryAt == 110 && record.lastError == "the authority can't be reached: no route")
        #expect(!record.isDue(settings, now: 109) && record.isDue(settings, now: 110))
        var limited = ACMEProblem(kind: "rateLimited", detail: "later")
        limited.retryAfter = 3600
        record.failed(.problem(limited), now: 110, fraction: 0)
        #expect(record.retryAt == 3710)
    }
}
