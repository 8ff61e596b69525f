package import Schema

/// What of a request decides a choice that must stay the same.
package enum HashKey: Hashable, Sendable, ParsedText {
    case sourceIP
    case path
    /// Name in lower case.
    case header(String)
    case query(String)
    case cookie(String)

    package init?(parsing text: String) {
        switch text {
        case "source.ip": self = .sourceIP
        case "request.path": self = .path
        default:
            guard text.hasSuffix("\"]"), let bracket = text.firstRange(of: "[\"") else { return nil }
            let name = String(text[bracket.upperBound...].dropLast(2))
            guard !name.isEmpty, !name.contains("\"") else { return nil }
            switch text[..<bracket.lowerBound] {
            case "request.headers": self = .header(name.lowercased())
            case "request.query": self = .query(name)
            case "request.cookies": self = .cookie(name)
            default: return nil
            }
        }
    }

    package static var expectation: String {
        #"one of source.ip, request.path, request.headers["x-user"], request.query["user"], request.cookies["session"]"#
    }
    package static var shape: SettingShape {
        .text(
            name: "key", pattern: #"^(source\.ip|request\.path|request\.(headers|query|cookies)\["[^"]+"\])$"#,
            examples: ["source.ip", #"request.headers["x-user"]"#])
    }
    package var text: String {
        switch self {
        case .sourceIP: "source.ip"
        case .path: "request.path"
        case .header(let name): "request.headers[\"\(name)\"]"
        case .query(let name): "request.query[\"\(name)\"]"
        case .cookie(let name): "request.cookies[\"\(name)\"]"
        }
    }
}
