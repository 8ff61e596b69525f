import GatewayCore
import PolicyKit
import Primitives

/// What services that decide about a request are told of it.
extension Exchange {
    /// The path in its normal form, which is the one that is matched and forwarded, and the query as it came.
    var normalTarget: String {
        guard let query = request.query else { return request.path.string }
        return "\(request.path.string)?\(query.string)"
    }

    var requestIDText: String {
        let scratch = tools.scratch
        scratch.clear()
        writeRequestID(to: scratch)
        return scratch.view.string
    }

    /// Answers with a service's response, as it came.
    func reply(with other: FetchResponse) -> Verdict {
        // Callers of gRPC take no such answers.
        guard call == .none else { return denyAccess("The service answered \(other.status).") }
        response.status = other.status
        response.fields.append(other.fields { $0 != "date" && $0 != "server" && $0 != "via" })
        let body = takeReplyBody()
        other.body.withView { body.append($0) }
        return .reply
    }
}
