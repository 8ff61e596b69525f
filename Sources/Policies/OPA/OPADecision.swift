import GatewayCore
import PolicyKit
import Primitives

/// What OPA has decided: a rule that is true or false, or an object as those of OPA's plugin for Envoy, in either spelling.
///
///     {"result": {"allow": false, "status": 429, "headers": {"retry-after": "5"}, "body": "later"}}
///
/// A rule that is not defined decides nothing, which allows nothing.
struct OPADecision: Sendable {
    let isAllowed: Bool
    /// Of the upstream's request when it is allowed, of the answer when it is not.
    var headers: FieldList = []
    /// Taken away from the request.
    var removed: [String] = []
    var status: Int?
    var body: String?

    struct Problem: Error {
        let text: String
    }

    init(_ response: FetchResponse) throws(Problem) {
        guard response.status == 200 else { throw Problem(text: "OPA answered \(response.status).") }
        let document: JSON
        do throws(JSONError) {
            document = try JSON.parse(response.body)
        } catch {
            throw Problem(text: "OPA's answer is no JSON: \(error)")
        }
        guard document.object != nil else { throw Problem(text: "OPA's answer is no object.") }
        switch document["result"] {
        case nil, .null: isAllowed = false
        case .bool(let decision): isAllowed = decision
        case .object(let decision):
            guard let allow = (decision["allow"] ?? decision["allowed"])?.bool else { throw Problem(text: "OPA's decision has no `allow`.") }
            isAllowed = allow
            headers = OPADecision.fields(decision["headers"])
            removed = (decision["request_headers_to_remove"]?.strings ?? []).map { $0.lowercased() }
            status = (decision["status"] ?? decision["http_status"])?.int.flatMap { (200...599).contains($0) ? $0 : nil }
            body = decision["body"]?.string
        default: throw Problem(text: "OPA's decision is neither a boolean nor an object.")
        }
    }

    /// An object of texts, or of lists of texts. What can't be a field is left out, and so is what frames a message.
    private static func fields(_ value: JSON?) -> FieldList {
        var list: FieldList = []
        for (name, value) in value?.object?.members ?? [] {
            let name = name.lowercased()
            let known = name.withView { KnownField.named($0) }
            guard !name.isEmpty, name.utf8.allSatisfy(ASCII.isToken), !known.isHopByHop, known != .contentLength, known != .trailer else { continue }
            for text in value.strings ?? value.string.map({ [$0] }) ?? [] { list.append((name, text)) }
        }
        return list
    }

    func verdict(_ exchange: Exchange) -> Verdict {
        guard !isAllowed else {
            let fields = exchange.request.fields
            for name in removed { name.withView { fields.remove(named: $0) } }
            for name in Set(headers.map(\.name)) { name.withView { fields.remove(named: $0) } }
            fields.append(headers)
            return .proceed
        }
        if let body, exchange.call == .none {
            exchange.noteAuthorization("OPA has refused the request.")
            exchange.response.status = status ?? 403
            exchange.response.fields.append(headers)
            let out = exchange.takeReplyBody()
            out.append(text: body)
            return .reply
        }
        exchange.response.fields.append(headers)
        exchange.noteAuthorization("OPA has refused the request.")
        return .refuse(GatewayError(.accessDenied, status: status, "This request is not allowed."))
    }
}
