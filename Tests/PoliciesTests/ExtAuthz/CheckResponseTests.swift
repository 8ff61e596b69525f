import GatewayCore
import Primitives
import Reactor
import Testing

@testable import Policies

@Suite struct CheckResponseTests {
    private static func option(
        _ name: String, _ value: String, append: Bool? = nil, action: Int = 0, keepsEmpty: Bool = false, to writer: inout ProtobufWriter
    ) {
        writer.message(1) {
            $0.string(1, name)
            $0.string(2, value)
        }
        if let append { writer.message(2) { $0.integer(1, append ? 1 : 0) } }
        writer.integer(3, action)
        writer.integer(4, keepsEmpty ? 1 : 0)
    }

    private static func edit(_ name: String, _ value: String, append: Bool? = nil, action: Int = 0, keepsEmpty: Bool = false) throws -> FieldEdit? {
        var writer = ProtobufWriter()
        option(name, value, append: append, action: action, keepsEmpty: keepsEmpty, to: &writer)
        return try FieldEdit(ProtobufReader(writer.bytes[...]))
    }

    @Test func actions() throws {
        #expect(try CheckResponseTests.edit("X-A", "1") == FieldEdit("x-a", "1", .overwrite))
        #expect(try CheckResponseTests.edit("x-a", "1", append: true) == FieldEdit("x-a", "1", .append))
        #expect(try CheckResponseTests.edit("x-a", "1", append: false, action: 1) == FieldEdit("x-a", "1", .overwrite))
        #expect(try CheckResponseTests.edit("x-a", "1", action: 1) == FieldEdit("x-a", "1", .addIfAbsent))
        #expect(try CheckResponseTests.edit("x-a", "1", action: 3) == FieldEdit("x-a", "1", .overwriteIfPresent))
        #expect(try CheckResponseTests.edit("x-a", "1", action: 9) == FieldEdit("x-a", "1", .overwrite))
        #expect(try CheckResponseTests.edit("x-a", "", keepsEmpty: true) == FieldEdit("x-a", "", .overwrite))
    }

    @Test(arguments: [
        ("", "v"), (":path", "/"), ("host", "a"), ("content-length", "1"), ("transfer-encoding", "chunked"), ("connection", "x"), ("a b", "v"),
        ("x-a", "a\r\nb: c"), ("x-a", ""),
    ])
    func noField(_ name: String, _ value: String) throws { #expect(try CheckResponseTests.edit(name, value) == nil) }

    @Test func editing() {
        func result(_ edit: FieldEdit, on present: [String]) -> [String] {
            let fields = HeaderFields()
            for value in present { fields.append("x-a", value) }
            edit.apply(to: fields)
            var values: [String] = []
            fields.forEach(named: ByteView("x-a")) {
                values.append($0.string)
                return true
            }
            return values
        }
        #expect(result(FieldEdit("x-a", "n", .append), on: ["o"]) == ["o", "n"])
        #expect(result(FieldEdit("x-a", "n", .overwrite), on: ["o", "p"]) == ["n"])
        #expect(result(FieldEdit("x-a", "n", .addIfAbsent), on: ["o"]) == ["o"] && result(FieldEdit("x-a", "n", .addIfAbsent), on: []) == ["n"])
        #expect(
            result(FieldEdit("x-a", "n", .overwriteIfPresent), on: []) == [] && result(FieldEdit("x-a", "n", .overwriteIfPresent), on: ["o"]) == ["n"]
        )
    }

    @Test func nothingAtAllAllows() throws { #expect(try CheckResponse([]).code == 0) }

    @Test func refusal() throws {
        var writer = ProtobufWriter()
        writer.message(1) {
            $0.integer(1, 7)
            $0.string(2, "no")
        }
        writer.message(2) { denied in
            denied.message(1) { $0.integer(1, 401) }
            denied.message(2) { CheckResponseTests.option("www-authenticate", "Bearer", to: &$0) }
            denied.string(3, "log in")
        }
        // Metadata, and a field that is not known yet.
        writer.message(4) { $0.string(1, "x") }
        writer.integer(99, 1)
        let response = try CheckResponse(writer.bytes[...])
        #expect(response.code == 7 && response.denied.status == 401 && response.denied.body == "log in")
        #expect(response.denied.headers == [FieldEdit("www-authenticate", "Bearer")])
    }

    @Test func statusesThatAreNone() throws {
        for status in [0, 99, 600, 101] {
            var writer = ProtobufWriter()
            writer.message(2) { $0.message(1) { $0.integer(1, status) } }
            #expect(try CheckResponse(writer.bytes[...]).denied.status == 403)
        }
    }

    // MARK: The call

    private func outcome(status: Int = 200, _ body: [UInt8], grpc: String? = "0", inHead: Bool = false) -> String {
        let field = grpc.map { [(name: "grpc-status", value: $0)] } ?? []
        let response = FetchResponse(status: status, headers: inHead ? field : [], body: body, trailers: inHead ? [] : field)
        switch CheckCall.read(response) {
        case .success(let answer): return "code \(answer.code)"
        case .failure(let error): return error.detail
        }
    }

    @Test func calls() {
        let empty: [UInt8] = [0, 0, 0, 0, 0], refused: [UInt8] = [0, 0, 0, 0, 4, 10, 2, 8, 7]
        #expect(outcome(empty) == "code 0" && outcome(refused) == "code 7")
        #expect(
            outcome(empty, grpc: "14") == "The call ended with status 14."
                && outcome([], grpc: "12", inHead: true) == "The call ended with status 12.")
        #expect(
            outcome(empty, grpc: nil) == "The call ended with status unknown." && outcome(empty, grpc: "x") == "The call ended with status unknown.")
        #expect(outcome(status: 503, empty) == "The service answered 503.")
        for body in [[], [0, 0], [1, 0, 0, 0, 0]] as [[UInt8]] { #expect(outcome(body) == "The service sent no message, or a compressed one.") }
        #expect(outcome([0, 0, 0, 0, 1]) == "The service's message has another length than it says.")
        #expect(outcome([0, 255, 255, 255, 255, 1]) == "The service's message has another length than it says.")
        #expect(outcome([0, 0, 0, 0, 2, 10, 9]) == "The service's message is malformed.")
    }

    @Test func theQuestion() throws {
        var callout = Callout(try CalloutURL(parsing: "http://a:1"))
        callout.timeout = .milliseconds(1500)
        CheckCall.fill(&callout, [1, 2, 3])
        #expect(callout.url.target == "/envoy.service.auth.v3.Authorization/Check" && callout.method == "POST")
        #expect(callout.headers.map(\.value) == ["application/grpc", "1500000u"] && callout.body == [0, 0, 0, 0, 3, 1, 2, 3])
    }
}
