import Foundation
import Identity
import Primitives

/// A message out of a data file: `method`, `scheme`, `host`, `target` or `status`, `fields` and `trailers` as pairs, `answers` for a
/// response.
struct TestMessage: SignedMessage {
    var method: [UInt8] = []
    var scheme: [UInt8] = []
    var host: [UInt8] = []
    var target: [UInt8] = []
    var status: Int?
    var fields: [(name: String, value: [UInt8])] = []
    var trailers: [(name: String, value: [UInt8])] = []
    var answers: [TestMessage] = []

    init(_ json: JSON) {
        func bytes(_ name: String) -> [UInt8] { Array((json[name]?.string ?? "").utf8) }
        func pairs(_ name: String) -> [(String, [UInt8])] {
            (json[name]?.array ?? []).compactMap { pair in
                pair.strings.map { ($0[0], Array($0[1].utf8).withView { $0.trimmed.array }) }
            }
        }
        (method, host, target) = (bytes("method"), bytes("host"), bytes("target"))
        scheme = json["scheme"] == nil ? Array("https".utf8) : bytes("scheme")
        status = json["status"]?.int
        fields = pairs("fields") + pairs("headers")
        trailers = pairs("trailers")
        answers = json["answers"].map { [TestMessage($0)] } ?? []
    }

    /// The arrays live as long as the message, which the tests see to.
    var control: SignedControl {
        if let status { return .response(status: status) }
        func view(_ bytes: [UInt8]) -> ByteView { bytes.withView { $0 } }
        return .request(SignedRequestLine(method: view(method), scheme: view(scheme), authority: view(host), target: view(target)))
    }

    func forEachLine(of name: ByteView, isTrailer: Bool, _ body: (ByteView) -> Bool) {
        for field in isTrailer ? trailers : fields where field.name.withView({ $0.equalsIgnoringCase(name) }) {
            guard field.value.withView(body) else { return }
        }
    }

    var answered: (any SignedMessage)? { answers.first }

    func forEachName(_ body: (ByteView) -> Void) { for field in fields { field.name.withView(body) } }
}

extension CaseFile {
    static func json(_ name: String) throws -> JSON { try JSON.parse(Array(Data(contentsOf: folder.appending(path: "Cases/\(name)")))) }

    /// One value a line.
    static func jsonLines(_ name: String) throws -> [JSON] {
        let text = try String(contentsOf: folder.appending(path: "Cases/\(name)"), encoding: .utf8)
        return try text.split(separator: "\n").map { try JSON.parse(Array($0.utf8)) }
    }
}
