import GatewayCore

/// The call of gRPC's health protocol, `grpc.health.v1.Health/Check`, and its answer.
enum HealthCall {
    /// Makes `request` the call: one message, whose field 1 is the service.
    static func set(_ request: inout FetchRequest, service: String) {
        request.version = .http2
        request.method = "POST"
        request.target = "/grpc.health.v1.Health/Check"
        request.headers = [("content-type", "application/grpc")]
        request.body = frame(service.isEmpty ? [] : [0x0a] + varint(service.utf8.count) + Array(service.utf8))
    }

    /// Whether the answer says SERVING: field 1 of its one message is 1.
    static func isServing(_ response: FetchResponse) -> Bool {
        response.status == 200 && response.body == frame([0x08, 0x01])
    }

    /// A message as it stands in a body: not compressed, its length in four bytes.
    private static func frame(_ message: [UInt8]) -> [UInt8] {
        [0] + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: message.count >> $0) } + message
    }

    private static func varint(_ number: Int) -> [UInt8] {
        var left = UInt(bitPattern: number)
        var bytes: [UInt8] = []
        while left > 0x7f {
            bytes.append(UInt8(truncatingIfNeeded: left) | 0x80)
            left >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: left))
        return bytes
    }
}
