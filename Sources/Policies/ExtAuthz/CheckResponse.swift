import GatewayCore
import Primitives

/// `envoy.service.auth.v3.CheckResponse`, as far as a gateway follows it. Metadata is passed over.
struct CheckResponse: Sendable {
    /// `google.rpc.Status`: 0 allows.
    var code = 0
    var ok = Allowed()
    var denied = Denied()
    /// The service says itself that it could not decide.
    var isError = false

    struct Allowed: Sendable {
        var headers: [FieldEdit] = []
        var removed: [String] = []
        /// Of the response that the client gets.
        var responseHeaders: [FieldEdit] = []
    }

    struct Denied: Sendable {
        var status = 403
        var headers: [FieldEdit] = []
        var body = ""
    }

    init(_ bytes: ArraySlice<UInt8>) throws(ProtobufReader.Malformed) {
        var reader = ProtobufReader(bytes)
        while let (field, value) = try reader.next() {
            switch field {
            case 1: code = try CheckResponse.number(1, of: value.message) ?? 0
            case 2: denied = try Denied(value.message)
            case 3: ok = try Allowed(value.message)
            case 5: isError = true
            default: break
            }
        }
    }

    /// The last value of a number in a message that nothing else is wanted of.
    fileprivate static func number(_ wanted: Int, of message: ProtobufReader) throws(ProtobufReader.Malformed) -> Int? {
        var reader = message
        var number: Int?
        while let (field, value) = try reader.next() { if field == wanted { number = value.int } }
        return number
    }
}

extension CheckResponse.Allowed {
    fileprivate init(_ message: ProtobufReader) throws(ProtobufReader.Malformed) {
        var reader = message
        while let (field, value) = try reader.next() {
            switch field {
            case 2: if let edit = try FieldEdit(value.message) { headers.append(edit) }
            case 5: if let name = value.text { removed.append(name.lowercased()) }
            case 6: if let edit = try FieldEdit(value.message) { responseHeaders.append(edit) }
            default: break
            }
        }
    }
}

extension CheckResponse.Denied {
    fileprivate init(_ message: ProtobufReader) throws(ProtobufReader.Malformed) {
        var reader = message
        while let (field, value) = try reader.next() {
            switch field {
            case 1:
                let code = try CheckResponse.number(1, of: value.message) ?? 0
                if (200...599).contains(code) { status = code }
            case 2: if let edit = try FieldEdit(value.message) { headers.append(edit) }
            case 3: body = value.text ?? ""
            default: break
            }
        }
    }
}
