internal import Primitives

/// A problem document of an ACME server (RFC 7807, RFC 8555 §6.7).
struct ACMEProblem: Error, Equatable, Sendable, CustomStringConvertible {
    /// The last part of the type: `rateLimited`, `badNonce`.
    var kind: String
    var detail: String
    /// 0 where the problem is part of an object.
    var status = 0
    /// For each identifier its own, where several are to blame.
    var parts: [String] = []
    /// Seconds that the server wants to be left alone for.
    var retryAfter: Int?

    private static let prefix = "urn:ietf:params:acme:error:"

    init(kind: String, detail: String) {
        self.kind = kind
        self.detail = detail
    }

    init?(_ json: JSON?) {
        guard let json, json.object != nil else { return nil }
        let type = json["type"]?.string ?? "about:blank"
        kind = type.hasPrefix(ACMEProblem.prefix) ? String(type.dropFirst(ACMEProblem.prefix.count)) : type
        detail = json["detail"]?.string ?? ""
        for part in json["subproblems"]?.array ?? [] {
            guard let problem = ACMEProblem(part) else { continue }
            parts.append("\(part["identifier"]?["value"]?.string ?? "?"): \(problem.detail)")
        }
    }

    var description: String {
        let all = ([detail] + parts).filter { !$0.isEmpty }.joined(separator: "; ")
        return all.isEmpty ? kind : "\(kind): \(all)"
    }
}

/// Why a certificate could not be had this time.
enum ACMEError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The server says no.
    case problem(ACMEProblem)
    /// The server can't be reached, or broke off.
    case connection(String)
    /// The server answers with something else than RFC 8555 has.
    case malformed(String)
    /// A challenge could not be set up.
    case challenge(String)
    /// This gateway can't go on: keys, files, settings.
    case local(String)

    var description: String {
        switch self {
        case .problem(let problem): "the authority refuses: \(problem)"
        case .connection(let text): "the authority can't be reached: \(text)"
        case .malformed(let text): "the authority's answer makes no sense: \(text)"
        case .challenge(let text): "the challenge can't be answered: \(text)"
        case .local(let text): text
        }
    }

    /// Seconds that have to pass before the next try, by the authority's own word.
    var retryAfter: Int? {
        if case .problem(let problem) = self { problem.retryAfter } else { nil }
    }

    init(_ failure: CryptoFailure) { self = .local(failure.description) }
}
