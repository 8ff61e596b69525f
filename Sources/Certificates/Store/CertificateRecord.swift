internal import Identity
internal import Primitives

/// What the store knows of one certificate: beside it, its next renewal and what went wrong. Times are seconds since 1970.
struct CertificateRecord: Equatable, Sendable {
    var wanted: WantedCertificate
    /// Names its files; nil before the first was issued.
    var version: String?
    var notBefore: Int64 = 0
    var notAfter: Int64 = 0
    var issuedBy = ""
    var serial = ""
    var renewalID: String?
    /// Somebody asked for it in a handshake.
    var isOnDemand = false
    /// From 0 to 1: picks moments within spans.
    var fraction = 0.5
    /// The authority's own wish.
    var window: ClosedRange<Int64>?
    /// When the authority is asked for its wish again.
    var askAt: Int64 = 0
    /// Failures since the last success.
    var failures = 0
    var lastError: String?
    /// No try before.
    var retryAt: Int64 = 0

    init(_ wanted: WantedCertificate) { self.wanted = wanted }

    func renewal(_ settings: RenewalSettings) -> Int64? {
        guard version != nil else { return nil }
        return RenewalSchedule(notBefore: notBefore, notAfter: notAfter, window: window, fraction: fraction).renewal(settings)
    }

    /// What is to be done about it now.
    func isDue(_ settings: RenewalSettings, now: Int64) -> Bool {
        guard now >= retryAt else { return false }
        return renewal(settings).map { now >= $0 } ?? true
    }

    mutating func succeeded(_ issued: IssuedCertificate, version: String, fraction: Double) {
        self.version = version
        notBefore = issued.notBefore
        notAfter = issued.notAfter
        issuedBy = issued.issuer
        serial = issued.serial
        renewalID = issued.renewalID
        self.fraction = fraction
        window = nil
        askAt = 0
        failures = 0
        lastError = nil
        retryAt = 0
    }

    mutating func failed(_ error: ACMEError, now: Int64, fraction: Double) {
        failures += 1
        lastError = error.description
        retryAt = now + Int64(Backoff.delay(failures: failures, retryAfter: error.retryAfter, fraction: fraction))
    }
}

extension CertificateRecord {
    /// The end of the year 9999, where calendars end.
    private static let latest = 253_402_300_799

    private init?(_ json: JSON) {
        guard let names = json["names"]?.strings, !names.isEmpty, let issuer = json["issuer"]?.string else { return nil }
        wanted = WantedCertificate(names: names, issuer: issuer)
        func time(_ name: String) -> Int64 { Int64(min(max(json[name]?.int ?? 0, 0), CertificateRecord.latest)) }
        version = json["version"]?.string.flatMap { Base64URL.isToken($0) ? $0 : nil }
        notBefore = time("notBefore")
        notAfter = max(notBefore, time("notAfter"))
        issuedBy = json["issuedBy"]?.string ?? ""
        serial = json["serial"]?.string ?? ""
        renewalID = json["renewalId"]?.string
        isOnDemand = json["onDemand"]?.bool ?? false
        fraction = min(max(json["fraction"]?.double ?? 0.5, 0), 1)
        let start = time("windowStart"), end = time("windowEnd")
        if start < end { window = start...end }
        askAt = time("askAt")
        failures = min(max(json["failures"]?.int ?? 0, 0), 1_000_000)
        lastError = json["lastError"]?.string
        retryAt = time("retryAt")
    }

    /// Nil for what is no record.
    init?(bytes: [UInt8]) {
        guard let json = try? JSON.parse(bytes) else { return nil }
        self.init(json)
    }

    var bytes: [UInt8] {
        func number(_ value: Int64) -> JSON { .number(JSONNumber(Int(value))) }
        var json: JSONObject = [
            "names": .array(wanted.names.map { .string($0) }), "issuer": .string(wanted.issuer), "onDemand": .bool(isOnDemand),
            "failures": .number(JSONNumber(failures)), "retryAt": number(retryAt), "askAt": number(askAt),
            "fraction": JSONNumber(fraction).map { .number($0) } ?? .null,
        ]
        if let version {
            json["version"] = .string(version)
            json["notBefore"] = number(notBefore)
            json["notAfter"] = number(notAfter)
            json["issuedBy"] = .string(issuedBy)
            json["serial"] = .string(serial)
        }
        if let renewalID { json["renewalId"] = .string(renewalID) }
        if let window {
            json["windowStart"] = number(window.lowerBound)
            json["windowEnd"] = number(window.upperBound)
        }
        if let lastError { json["lastError"] = .string(lastError) }
        return JSON.object(json).bytes
    }
}
