package import Primitives

/// What a signing key is good for: one day, one region, one service.
package struct SigV4Scope: Hashable, Sendable {
    /// `20150830`
    package let day: String
    package let region: String
    package let service: String

    package init(day: String, region: String, service: String) {
        self.day = day
        self.region = region
        self.service = service
    }

    /// `20150830/us-east-1/service/aws4_request`
    package func write(to out: ByteBuffer) {
        for part in [day, region, service] {
            out.append(text: part)
            out.append(byte: UInt8(ascii: "/"))
        }
        out.append("aws4_request")
    }

    /// Reads `access key/day/region/service/aws4_request`.
    static func parse(_ credential: ByteView) -> (accessKey: String, scope: SigV4Scope)? {
        let parts = credential.string.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 5, parts.allSatisfy({ !$0.isEmpty }), parts[4] == "aws4_request", parts[1].utf8.count == 8 else { return nil }
        return (String(parts[0]), SigV4Scope(day: String(parts[1]), region: String(parts[2]), service: String(parts[3])))
    }
}

/// A secret key made for one scope, which is what signs.
package struct SigV4Key: Sendable, CustomStringConvertible, CustomReflectable {
    private let bytes: [UInt8]

    package init(secret: String, _ scope: SigV4Scope) throws(CryptoError) { try self.init(secret: Array(secret.utf8), scope) }

    package init(secret: [UInt8], _ scope: SigV4Scope) throws(CryptoError) {
        var key = Array("AWS4".utf8) + secret
        for part in [scope.day, scope.region, scope.service, "aws4_request"] { key = try MAC.sha256(key: key, Array(part.utf8)) }
        bytes = key
    }

    func sign(_ text: ByteView) throws(CryptoError) -> [UInt8] { try MAC.compute(.sha256, key: bytes, text) }

    package var description: String { "signing key" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
