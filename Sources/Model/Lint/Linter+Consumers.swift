import Schema

extension Linter {
    mutating func checkConsumers(_ consumers: [ConsumerSettings], _ plans: PlanNames) {
        checkNames(consumers.map(\.$name), of: "consumers")
        var first = FirstUses()
        for (i, consumer) in consumers.enumerated() {
            check(plans: consumer.$plans, plans, "consumers[\(i)].plans")
            for (j, credential) in consumer.credentials.enumerated() {
                check(credential, "consumers[\(i)].credentials[\(j)]", plans, &first)
            }
            guard !consumer.applications.isEmpty else { continue }
            checkNames(consumer.applications.map(\.$name), of: "consumers[\(i)].applications")
            for (j, application) in consumer.applications.enumerated() {
                check(plans: application.$plans, plans, "consumers[\(i)].applications[\(j)].plans")
                for (k, credential) in application.credentials.enumerated() {
                    check(credential, "consumers[\(i)].applications[\(j)].credentials[\(k)]", plans, &first)
                }
            }
        }
    }

    /// Where each thing that a credential is looked up by stands first. A key and its hash are compared when the snapshot is compiled.
    struct FirstUses {
        fileprivate var places: [Name: SourcePosition] = [:]
        fileprivate struct Name: Hashable {
            let kind: String
            let parts: [String?]
        }
    }

    private mutating func check(
        _ credential: Credential, _ path: @autoclosure () -> String, _ plans: PlanNames, _ first: inout FirstUses
    ) {
        check(plans: credential.$plans, plans, "\(path()).plans")
        switch credential.kind {
        case nil: checkKinds(credential, path())
        case .apiKey(let key): check(key, at: credential.$apiKey.position, path(), &first)
        case .apiKeyHash: checkFirst("apiKeyHash", [credential.apiKeyHash?.text], credential.$apiKeyHash.position, path(), "hash", &first)
        case .basic(let basic): check(basic, path(), &first)
        case .jwtClaim(let claim): check(claim, path(), &first)
        case .certificate(let certificate): check(certificate, path(), &first)
        case .hmac(let hmac): check(hmac, path(), &first)
        }
        if let name = credential.name, !Linter.isPlain(name) {
            error(credential.$name.position, "\(path()).name", "a name has at least one character and no control characters")
        }
    }

    private mutating func checkKinds(_ credential: Credential, _ path: String) {
        let kinds = credential.kinds
        guard kinds.isEmpty else {
            let list = kinds.map { "`\($0)`" }.joined(separator: " and ")
            return error(credential.origin.position, path, "a credential is of one kind, and this is \(list)", remedy: "begin another with `- `")
        }
        error(credential.origin.position, path, "a credential needs its kind", remedy: "such as `basic: { username: …, passwordHash: … }`")
    }

    private mutating func check(_ key: String, at place: SourcePosition, _ path: String, _ first: inout FirstUses) {
        if key.isEmpty || key.utf8.contains(where: { $0 <= 0x20 || $0 >= 0x7f || $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: ";") }) {
            error(place, "\(path).apiKey", "a key is made of visible ASCII characters, without comma and semicolon")
        } else if key.utf8.count > 512 {
            error(place, "\(path).apiKey", "a key has at most 512 characters")
        } else if key.utf8.count < 16 {
            warning(place, "\(path).apiKey", "a key of fewer than 16 characters can be guessed", remedy: "`sluice keys create` makes one")
        }
        checkFirst("apiKey", [key], place, path, "key", &first)
    }

    private mutating func check(_ basic: BasicCredential, _ path: String, _ first: inout FirstUses) {
        let place = basic.$username.position
        if !Linter.isPlain(basic.username) || basic.username.utf8.contains(UInt8(ascii: ":")) {
            error(place, "\(path).basic.username", "a user name has at least one character, no colon and no control characters")
        }
        checkFirst("basic", [basic.username], place, "\(path).basic.username", "user name \(basic.$username.shown)", &first)
    }

    private mutating func check(_ claim: JWTClaimCredential, _ path: String, _ first: inout FirstUses) {
        if claim.name.isEmpty { error(claim.$name.position, "\(path).jwtClaim.name", "a claim has a name") }
        if claim.value.isEmpty { error(claim.$value.position, "\(path).jwtClaim.value", "a claim that says nothing names nobody") }
        checkFirst(
            "jwtClaim", [claim.name, claim.value, claim.issuer], claim.$value.position, "\(path).jwtClaim", "claim \(claim.$value.shown)", &first)
    }

    private mutating func check(_ certificate: CertificateCredential, _ path: String, _ first: inout FirstUses) {
        let given = [certificate.subject, certificate.san, certificate.spiffe, certificate.fingerprint?.text]
        let place = certificate.origin.position
        guard given.count(where: { $0 != nil }) == 1 else {
            return error(
                place, "\(path).certificate", "a certificate is known by exactly one of subject, san, spiffe and fingerprint",
                remedy: "such as `certificate: { san: mobile.example.com }`")
        }
        if given.contains("") { error(place, "\(path).certificate", "what a certificate is known by has at least one character") }
        if let id = certificate.spiffe, !id.hasPrefix("spiffe://") {
            error(certificate.$spiffe.position, "\(path).certificate.spiffe", "a SPIFFE ID begins with `spiffe://`")
        }
        checkFirst("certificate", given, place, "\(path).certificate", "certificate", &first)
    }

    private mutating func check(_ hmac: HMACCredential, _ path: String, _ first: inout FirstUses) {
        if !Linter.isPlain(hmac.keyId) {
            error(hmac.$keyId.position, "\(path).hmac.keyId", "a key id has at least one character and no control characters")
        }
        if hmac.secret.text.isEmpty { error(hmac.$secret.position, "\(path).hmac.secret", "an empty secret is none") }
        checkFirst("hmac", [hmac.keyId], hmac.$keyId.position, "\(path).hmac.keyId", "key id \(hmac.$keyId.shown)", &first)
    }

    private mutating func checkFirst(
        _ kind: String, _ parts: [String?], _ place: SourcePosition, _ path: @autoclosure () -> String, _ what: @autoclosure () -> String,
        _ first: inout FirstUses
    ) {
        if let before = first.places.updateValue(place, forKey: FirstUses.Name(kind: kind, parts: parts)) {
            error(place, path(), "the \(what()) is taken already at \(before)")
        }
    }

    private static func isPlain(_ text: String) -> Bool { !text.isEmpty && !text.utf8.contains { $0 < 0x20 || $0 == 0x7f } }
}
