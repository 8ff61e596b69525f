/// A request method (RFC 9110 §9 and the registry of IANA). Methods outside the list are `other`: they are
/// forwarded as they came, and match only routes that name no method.
package enum HTTPMethod: UInt8, Sendable, CaseIterable {
    case get, head, post, put, delete, connect, options, trace, patch
    case propfind, proppatch, mkcol, copy, move, lock, unlock, search, report, query, purge, link, unlink
    case acl, bind, rebind, unbind, checkin, checkout, label, merge, mkactivity, mkcalendar, mkworkspace, orderpatch, uncheckout
    case update, versionControl, other

    /// As it stands on the wire; empty for `other`.
    package var name: StaticString {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .delete: "DELETE"
        case .connect: "CONNECT"
        case .options: "OPTIONS"
        case .trace: "TRACE"
        case .patch: "PATCH"
        case .propfind: "PROPFIND"
        case .proppatch: "PROPPATCH"
        case .mkcol: "MKCOL"
        case .copy: "COPY"
        case .move: "MOVE"
        case .lock: "LOCK"
        case .unlock: "UNLOCK"
        case .search: "SEARCH"
        case .report: "REPORT"
        case .query: "QUERY"
        case .purge: "PURGE"
        case .link: "LINK"
        case .unlink: "UNLINK"
        case .acl: "ACL"
        case .bind: "BIND"
        case .rebind: "REBIND"
        case .unbind: "UNBIND"
        case .checkin: "CHECKIN"
        case .checkout: "CHECKOUT"
        case .label: "LABEL"
        case .merge: "MERGE"
        case .mkactivity: "MKACTIVITY"
        case .mkcalendar: "MKCALENDAR"
        case .mkworkspace: "MKWORKSPACE"
        case .orderpatch: "ORDERPATCH"
        case .uncheckout: "UNCHECKOUT"
        case .update: "UPDATE"
        case .versionControl: "VERSION-CONTROL"
        case .other: ""
        }
    }

    /// The method of exactly these bytes: methods are case-sensitive (RFC 9110 §9.1).
    package init(_ bytes: ByteView) {
        switch (bytes.count, bytes.isEmpty ? 0 : bytes[0]) {
        case (3, UInt8(ascii: "G")) where bytes == "GET": self = .get
        case (4, UInt8(ascii: "P")) where bytes == "POST": self = .post
        case (4, UInt8(ascii: "H")) where bytes == "HEAD": self = .head
        case (3, UInt8(ascii: "P")) where bytes == "PUT": self = .put
        default: self = HTTPMethod.allCases.first { $0 != .other && bytes == ByteView($0.name) } ?? .other
        }
    }

    /// The method called `name`, nil for one that Sluice does not know.
    package init?(name: String) {
        self = name.withView { HTTPMethod($0) }
        if self == .other { return nil }
    }

    /// Asking again has no further effect (RFC 9110 §9.2.2), so a retry is safe.
    package var isIdempotent: Bool {
        switch self {
        case .get, .head, .put, .delete, .options, .trace, .query, .search, .propfind, .report: true
        default: false
        }
    }
}

/// A set of methods in one word.
package struct HTTPMethodSet: OptionSet, Sendable, Hashable {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
    package init(_ method: HTTPMethod) { rawValue = 1 << UInt64(method.rawValue) }
    package static let all = HTTPMethodSet(rawValue: .max)

    package func contains(_ method: HTTPMethod) -> Bool { contains(HTTPMethodSet(method)) }

    /// The members' names in the order of declaration: the value of `Allow`.
    package var names: [String] {
        HTTPMethod.allCases.filter { $0 != .other && contains($0) }.map { "\($0.name)" }
    }
}
