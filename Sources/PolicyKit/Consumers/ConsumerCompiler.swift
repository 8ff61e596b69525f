import GatewayCore
package import Identity
package import Model
import Primitives
package import Schema

/// Turns the consumers of a configuration into a store that policies look credentials up in.
package struct ConsumerCompiler {
    private(set) var diagnostics: [Diagnostic] = []
    private var builder: MemoryIdentityStore.Builder
    private let keys: IdentityKeyMaker
    /// Most consumers have groups that others have, too: those share one array.
    private var groups: [[String]: [String]] = [:]

    private init(_ consumers: [ConsumerSettings]) throws(CryptoError) {
        keys = try IdentityKeyMaker()
        var owners = consumers.count, credentials = 0
        for consumer in consumers {
            owners += consumer.applications.count
            credentials += consumer.applications.reduce(consumer.credentials.count) { $0 + $1.credentials.count }
            // A credential with plans of its own is a caller of its own.
            owners += consumer.credentials.count { $0.plans != nil }
            owners += consumer.applications.reduce(0) { $0 + $1.credentials.count { $0.plans != nil } }
        }
        builder = MemoryIdentityStore.Builder(consumers: owners, credentials: credentials)
    }

    /// The store, and every flaw of a credential at its own place; with an error among them, the credential is left out.
    package static func compile(_ consumers: [ConsumerSettings]) -> (store: MemoryIdentityStore, diagnostics: [Diagnostic]) {
        do throws(CryptoError) {
            var compiler = try ConsumerCompiler(consumers)
            for (i, consumer) in consumers.enumerated() { compiler.add(consumer, "consumers[\(i)]") }
            return (compiler.builder.finish(), compiler.diagnostics)
        } catch {
            return (.empty, [Diagnostic(.error, at: .none, path: "consumers", "keys can't be looked up: \(error)")])
        }
    }

    private mutating func add(_ settings: ConsumerSettings, _ path: @autoclosure () -> String) {
        let attributes = settings.attributes.entries.map { (name: $0.key, value: $0.value) }
        let consumer = Consumer(name: settings.name, groups: shared(settings.groups), attributes: attributes, plans: shared(settings.plans))
        let place = builder.add(consumer, isEnabled: settings.enabled)
        for (i, credential) in settings.credentials.enumerated() {
            add(credential, of: consumer, place, isEnabled: settings.enabled, "\(path()).credentials[\(i)]")
        }
        for (i, application) in settings.applications.enumerated() {
            let own = application.attributes.entries.map { (name: $0.key, value: $0.value) }
            let caller = Consumer(
                name: settings.name, groups: shared(settings.groups + application.groups.filter { !settings.groups.contains($0) }),
                attributes: own + attributes.filter { attribute in !own.contains { $0.name == attribute.name } }, application: application.name,
                plans: shared(application.plans ?? settings.plans))
            let place = builder.add(caller, isEnabled: settings.enabled && application.enabled)
            for (j, credential) in application.credentials.enumerated() {
                add(
                    credential, of: caller, place, isEnabled: settings.enabled && application.enabled,
                    "\(path()).applications[\(i)].credentials[\(j)]")
            }
        }
    }

    private mutating func add(
        _ credential: Credential, of consumer: Consumer, _ owner: Int, isEnabled: Bool, _ path: @autoclosure () -> String
    ) {
        var key: IdentityKey?
        var id = credential.name
        var secret: [UInt8] = []
        switch credential.kind {
        // Lint has said so.
        case nil: return
        case .apiKey(let text):
            key = text.withView { keys.apiKey($0) }
            id = id ?? APIKeyText.id(of: text)
        case .apiKeyHash(let words): key = IdentityKey(.apiKey, digest: CredentialKey(words: words))
        case .basic(let basic):
            guard let hash = check(basic, of: consumer, path()) else { return }
            key = basic.username.withView { keys.basic(user: $0) }
            id = id ?? basic.username
            secret = hash
        case .jwtClaim(let claim):
            key = claim.name.withView { name in
                claim.value.withView { value in
                    guard let issuer = claim.issuer else { return keys.jwtClaim(name, value: value, issuer: nil) }
                    return issuer.withView { keys.jwtClaim(name, value: value, issuer: $0) }
                }
            }
            id = id ?? claim.value
        case .certificate(let certificate):
            (key, id) = self.key(of: certificate, id)
        case .hmac(let hmac):
            key = hmac.keyId.withView { keys.hmac(keyID: $0) }
            id = id ?? hmac.keyId
            secret = Array(hmac.secret.text.utf8)
        }
        guard let key else { return report(.error, credential, path(), "it can't be looked up: libcrypto failed") }
        var owner = owner
        if let plans = credential.plans { owner = builder.add(consumer.under(shared(plans)), isEnabled: isEnabled) }
        let isNew = builder.add(
            key, owner: owner, id: id, secret: secret, expires: credential.expires.map { Int($0.seconds) }, isEnabled: credential.enabled)
        if !isNew { report(.error, credential, path(), "another credential is the same, so nobody could tell whose it is") }
    }

    /// The hash of a password as bytes, if it can be used.
    private mutating func check(_ basic: BasicCredential, of consumer: Consumer, _ path: @autoclosure () -> String) -> [UInt8]? {
        let place = basic.$passwordHash.position
        do throws(PasswordHashError) {
            if let advice = try PasswordHash(parsing: basic.passwordHash).advice {
                diagnostics.append(
                    Diagnostic(.warning, at: place, path: "\(path()).basic.passwordHash", "consumer `\(consumer.name)`: \(advice)"))
            }
            return Array(basic.passwordHash.utf8)
        } catch {
            diagnostics.append(
                Diagnostic(.error, at: place, path: "\(path()).basic.passwordHash", "consumer `\(consumer.name)`: \(error.message)"))
            return nil
        }
    }

    private func key(of certificate: CertificateCredential, _ name: String?) -> (IdentityKey?, String?) {
        if let fingerprint = certificate.fingerprint {
            let words = CredentialKey(words: fingerprint.words)
            return (IdentityKey(.certificate, digest: words).bytes.withView { keys.certificate(.fingerprint, $0) }, name ?? fingerprint.text)
        }
        if let spiffe = certificate.spiffe { return (spiffe.withView { keys.certificate(.spiffe, $0) }, name ?? spiffe) }
        if let san = certificate.san { return (san.withView { keys.certificate(.san, $0) }, name ?? san) }
        guard let subject = certificate.subject else { return (nil, name) }
        return (subject.withView { keys.certificate(.subject, $0) }, name ?? subject)
    }

    private mutating func shared(_ list: [String]) -> [String] {
        guard !list.isEmpty else { return [] }
        if let known = groups[list] { return known }
        groups[list] = list
        return list
    }

    private mutating func report(_ severity: Diagnostic.Severity, _ credential: Credential, _ path: String, _ message: String) {
        diagnostics.append(Diagnostic(severity, at: credential.origin.position, path: path, message))
    }
}
