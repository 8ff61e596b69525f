import GatewayCore
import PolicyKit
import Primitives

/// Takes credentials out of what is forwarded.
extension Exchange {
    /// Forwards the query without these.
    func removeParameters(named name: ByteView) {
        guard let query = request.query else { return }
        let out = tools.scratch
        out.clear()
        var isFirst = true
        QueryString.forEachPiece(query) { piece in
            let candidate = piece.prefix(piece.firstIndex(of: UInt8(ascii: "=")) ?? piece.count)
            guard QueryString.prefix(of: candidate, decodingTo: name) != candidate.count else { return true }
            if !isFirst { out.append("&") }
            isFirst = false
            out.append(piece)
            return true
        }
        request.querySpan = out.isEmpty ? nil : request.store { $0.append(out.view) }
        request.isQueryEdited = true
    }

    /// Forwards the other cookies, as one line (RFC 6265 §5.4).
    func removeCookies(named name: ByteView) {
        let out = tools.scratch
        out.clear()
        Cookies.forEach(request.fields) { candidate, value in
            guard candidate != name else { return }
            if !out.isEmpty { out.append("; ") }
            out.append(candidate)
            out.append("=")
            out.append(value)
        }
        request.fields.remove(.cookie)
        if !out.isEmpty { request.fields.append(.cookie, out.view) }
    }
}
