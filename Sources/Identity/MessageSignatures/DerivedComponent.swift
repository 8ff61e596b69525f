package import Primitives

/// What of a message is no field, but can be signed (RFC 9421 §2.2).
package enum DerivedComponent: Hashable, Sendable {
    case method, targetURI, authority, scheme, requestTarget, path, query
    /// The name as it is in the signature: percent-encoded.
    case queryParameter(String)
    case status

    init?(_ name: String, parameter: String?) {
        switch (name, parameter) {
        case ("@method", nil): self = .method
        case ("@target-uri", nil): self = .targetURI
        case ("@authority", nil): self = .authority
        case ("@scheme", nil): self = .scheme
        case ("@request-target", nil): self = .requestTarget
        case ("@path", nil): self = .path
        case ("@query", nil): self = .query
        case ("@query-param", let parameter?): self = .queryParameter(parameter)
        case ("@status", nil): self = .status
        default: return nil
        }
    }

    /// Whether who covers this has covered `other` too.
    package func includes(_ other: DerivedComponent) -> Bool {
        if self == other { return true }
        switch (self, other) {
        case (.targetURI, .authority), (.targetURI, .scheme), (.targetURI, .path), (.targetURI, .query), (.targetURI, .requestTarget): return true
        case (.requestTarget, .path), (.requestTarget, .query): return true
        case (.targetURI, .queryParameter), (.requestTarget, .queryParameter), (.query, .queryParameter): return true
        default: return false
        }
    }
}

/// A request line, with what else says where a request goes.
package struct SignedRequestLine {
    package let method: ByteView
    /// `http` or `https`.
    package let scheme: ByteView
    package let authority: ByteView
    /// The request-target as it came: path and query, an absolute URI, or `*`.
    package let target: ByteView

    package init(method: ByteView, scheme: ByteView, authority: ByteView, target: ByteView) {
        self.method = method
        self.scheme = scheme
        self.authority = authority
        self.target = target
    }

    /// Appends the component's value. Throws where the request has none.
    func write(_ component: DerivedComponent, to out: ByteBuffer) throws(SignatureError) {
        switch component {
        case .method: out.append(method)
        case .scheme: writeLower(scheme, to: out)
        case .authority: writeAuthority(to: out)
        case .requestTarget: out.append(target)
        case .path: out.append(path)
        case .query:
            out.append(byte: UInt8(ascii: "?"))
            out.append(query ?? ByteView())
        case .targetURI:
            writeLower(scheme, to: out)
            out.append("://")
            writeAuthority(to: out)
            if !(path == "*") { out.append(path) }
            guard let query else { return }
            out.append(byte: UInt8(ascii: "?"))
            out.append(query)
        case .queryParameter(let name): try writeParameter(name, to: out)
        case .status: throw .noComponent("@status")
        }
    }

    /// What follows the authority, up to the query; "/" where there is nothing (§2.2.6).
    package var path: ByteView {
        let whole = origin.prefix(origin.firstIndex(of: UInt8(ascii: "?")) ?? origin.count)
        return whole.isEmpty ? ByteView("/") : whole
    }

    package var query: ByteView? { origin.firstIndex(of: UInt8(ascii: "?")).map { origin.dropFirst($0 + 1) } }

    /// The target without the scheme and authority of its absolute form.
    private var origin: ByteView {
        guard target.count > 0, target[0] != UInt8(ascii: "/"), let colon = target.firstIndex(of: UInt8(ascii: ":")),
            target.dropFirst(colon).hasPrefix("://")
        else { return target }
        var at = colon + 3
        while at < target.count, target[at] != UInt8(ascii: "/"), target[at] != UInt8(ascii: "?") { at += 1 }
        return target.dropFirst(at)
    }

    /// In lower case, without the port that the scheme means anyway (§2.2.3).
    private func writeAuthority(to out: ByteBuffer) {
        var kept = authority
        if scheme.equalsIgnoringCase("https"), authority.count > 4, authority.dropFirst(authority.count - 4) == ":443" {
            kept = authority.prefix(authority.count - 4)
        } else if scheme.equalsIgnoringCase("http"), authority.count > 3, authority.dropFirst(authority.count - 3) == ":80" {
            kept = authority.prefix(authority.count - 3)
        }
        writeLower(kept, to: out)
    }

    private func writeLower(_ text: ByteView, to out: ByteBuffer) {
        for i in 0..<text.count { out.append(byte: ASCII.lowercase(text[i])) }
    }

    /// One that occurs more than once can't be signed by its name (§2.2.8).
    private func writeParameter(_ name: String, to out: ByteBuffer) throws(SignatureError) {
        let wanted = ByteBuffer(capacity: 64)
        name.withView { FormText.decode($0, to: wanted) }
        let decoded = ByteBuffer(capacity: 64)
        var found: ByteView?
        var count = 0
        FormText.forEachPair(query ?? ByteView()) { candidate, value in
            decoded.clear()
            FormText.decode(candidate, to: decoded)
            guard decoded.view == wanted.view else { return }
            count += 1
            found = value
        }
        guard let found else { throw .noComponent("@query-param") }
        guard count == 1 else { throw .refused("a query parameter that is signed occurs more than once") }
        decoded.clear()
        FormText.decode(found, to: decoded)
        FormText.encode(decoded.view, to: out)
    }
}
