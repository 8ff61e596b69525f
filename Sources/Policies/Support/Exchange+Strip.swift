import GatewayCore
import PolicyKit
import Primitives

/// Takes credentials out of what is forwarded and logged.
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

    /// Overwrites the values of these in the target; the query that is forwarded has them still.
    func maskParameters(named name: ByteView) {
        guard let mark = request.target.firstIndex(of: UInt8(ascii: "?")) else { return }
        var isThere = false
        QueryString.forEachPair(request.target.dropFirst(mark + 1)) { candidate, _ in
            isThere = QueryString.prefix(of: candidate, decodingTo: name) == candidate.count
            return !isThere
        }
        guard isThere else { return }
        if !request.isQueryEdited {
            let copy = tools.scratch
            copy.clear()
            copy.append(request.target.dropFirst(mark + 1))
            request.querySpan = request.store { $0.append(copy.view) }
            request.isQueryEdited = true
        }
        var start = mark + 1
        QueryString.forEachPiece(request.target.dropFirst(start)) { piece in
            let equals = piece.firstIndex(of: UInt8(ascii: "=")) ?? piece.count
            if QueryString.prefix(of: piece.prefix(equals), decodingTo: name) == equals {
                for place in min(equals + 1, piece.count)..<piece.count {
                    request.fields.storage.replace(at: Int(request.targetSpan.start) + start + place, with: UInt8(ascii: "*"))
                }
            }
            start += piece.count + 1
            return true
        }
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
