import GatewayCore
import Primitives

/// `envoy.config.core.v3.HeaderValueOption`: a field, and what becomes of those of its name that are there.
struct FieldEdit: Equatable, Sendable {
    enum Action: Int, Sendable {
        case append, addIfAbsent, overwrite, overwriteIfPresent
    }

    let name: String
    let value: String
    let action: Action

    init(_ name: String, _ value: String, _ action: Action = .overwrite) {
        self.name = name
        self.value = value
        self.action = action
    }

    /// Nil for what can't be a field, or is none of the service's business: pseudo fields, `Host`, what frames a message.
    ///
    /// The older `append` counts where it is given. Where nothing is said the field is overwritten, as the documentation of these
    /// messages has it, so that no client gets its own value past the service's.
    init?(_ message: ProtobufReader) throws(ProtobufReader.Malformed) {
        var reader = message
        var name = "", value = ""
        var append: Bool?
        var action = Action.append
        var keepsEmpty = false
        while let (field, content) = try reader.next() {
            switch field {
            case 1: (name, value) = try FieldEdit.header(content.message)
            case 2: append = try FieldEdit.flag(content.message)
            case 3: action = content.int.flatMap { Action(rawValue: $0) } ?? .overwrite
            case 4: keepsEmpty = content.isTrue
            default: break
            }
        }
        let known = name.withView { KnownField.named($0) }
        guard !name.isEmpty, name.utf8.allSatisfy(ASCII.isToken), value.utf8.allSatisfy(ASCII.isFieldValue), !known.isHopByHop,
            known != .contentLength, known != .trailer, known != .host, !value.isEmpty || keepsEmpty
        else { return nil }
        self.init(name, value, append.map { $0 ? .append : .overwrite } ?? (action == .append ? .overwrite : action))
    }

    /// `HeaderValue`: key, value, or raw value.
    private static func header(_ message: ProtobufReader) throws(ProtobufReader.Malformed) -> (name: String, value: String) {
        var reader = message
        var name = "", value = ""
        while let (field, content) = try reader.next() {
            switch field {
            case 1: name = content.text?.lowercased() ?? ""
            case 2, 3: if let text = content.text, !text.isEmpty { value = text }
            default: break
            }
        }
        return (name, value)
    }

    /// `google.protobuf.BoolValue`; false when nothing is in it.
    private static func flag(_ message: ProtobufReader) throws(ProtobufReader.Malformed) -> Bool {
        var reader = message
        var flag = false
        while let (field, content) = try reader.next() { if field == 1 { flag = content.isTrue } }
        return flag
    }

    func apply(to fields: HeaderFields) {
        name.withView { name in
            let isPresent = fields.first(name) != nil
            switch action {
            case .append: break
            case .addIfAbsent: if isPresent { return }
            case .overwriteIfPresent where !isPresent: return
            case .overwrite, .overwriteIfPresent: fields.remove(named: name)
            }
            value.withView { fields.append(KnownField.named(name), name: name, $0) }
        }
    }
}
