internal import Identity
internal import Primitives
internal import Upstreams

/// A key that signs messages to a name server (TSIG, RFC 8945), with HMAC-SHA256.
package struct TransactionKey: Sendable, Equatable {
    package var name: String
    package var secret: [UInt8]

    package init(name: String, secret: [UInt8]) {
        self.name = name
        self.secret = secret
    }

    private static let type: UInt16 = 250, any: UInt16 = 255
    private static let algorithm = "hmac-sha256"
    /// Seconds that clocks may differ by.
    private static let fudge: UInt16 = 300

    struct Signed {
        var message: [UInt8]
        var code: [UInt8]
    }

    private func names() throws(CryptoFailure) -> (key: DNSName, algorithm: DNSName) {
        guard let key = DNSName(name), let algorithm = DNSName(TransactionKey.algorithm) else {
            throw CryptoFailure("\(name) can't be the name of a key")
        }
        return (key, algorithm)
    }

    /// The message with its signature behind it. `now` is seconds since 1970.
    func sign(_ message: [UInt8], now: Int64) throws(CryptoFailure) -> Signed {
        guard message.count >= 12 else { throw CryptoFailure("no message to sign") }
        let names = try names()
        let code = try HMAC.sha256(key: secret, message + variables(names, time: now, fudge: TransactionKey.fudge, error: 0))
        var record = DNSWriter()
        record.add(names.key)
        record.add(TransactionKey.type)
        record.add(TransactionKey.any)
        record.add(long: 0)
        var data = DNSWriter()
        data.add(names.algorithm)
        data.add(time: now)
        data.add(TransactionKey.fudge)
        data.add(UInt16(truncatingIfNeeded: code.count))
        data.bytes += code
        data.bytes += message[0..<2]
        data.add(0)
        data.add(0)
        record.add(UInt16(truncatingIfNeeded: data.bytes.count))
        var signed = message + record.bytes + data.bytes
        // One more additional record. Messages that are made here have none but this.
        signed[11] = 1
        return Signed(message: signed, code: code)
    }

    /// Whether a reply is from somebody who has the key (RFC 8945 §5.3): signed, within the time, over what was asked.
    func verifies(_ reply: [UInt8], to request: Signed, now: Int64) throws(CryptoFailure) -> Bool {
        guard let signature = TransactionKey.signature(of: reply) else { return false }
        let names = try names()
        guard signature.owner == names.key, signature.algorithm == names.algorithm, signature.code.count == SHA256.length,
            abs(now - signature.time) <= Int64(signature.fudge)
        else { return false }
        var bare = Array(reply[..<signature.start])
        let count = UInt16(bare[10]) << 8 | UInt16(bare[11])
        bare[10] = UInt8(truncatingIfNeeded: (count &- 1) >> 8)
        bare[11] = UInt8(truncatingIfNeeded: count &- 1)
        bare.replaceSubrange(0..<2, with: signature.originalID)
        var input = DNSWriter()
        input.add(UInt16(truncatingIfNeeded: request.code.count))
        input.bytes += request.code + bare
        input.bytes += variables(names, time: signature.time, fudge: signature.fudge, error: signature.error)
        let expected = try HMAC.sha256(key: secret, input.bytes)
        return MAC.equal(expected, signature.code)
    }

    /// RFC 8945 §4.3.3.
    private func variables(_ names: (key: DNSName, algorithm: DNSName), time: Int64, fudge: UInt16, error: UInt16) -> [UInt8] {
        var variables = DNSWriter()
        variables.add(names.key)
        variables.add(TransactionKey.any)
        variables.add(long: 0)
        variables.add(names.algorithm)
        variables.add(time: time)
        variables.add(fudge)
        variables.add(error)
        variables.add(0)
        return variables.bytes
    }

    private struct Signature {
        var owner: DNSName
        var algorithm: DNSName
        var time: Int64
        var fudge: UInt16
        var code: [UInt8]
        var originalID: [UInt8]
        var error: UInt16
        /// Where the record begins.
        var start: Int
    }

    /// The signature, which has to be the last record.
    private static func signature(of reply: [UInt8]) -> Signature? {
        reply.withView { bytes in
            var reader = DNSReader(bytes)
            guard bytes.count >= 12, let header = reader.header(id: UInt16(bytes[0]) << 8 | UInt16(bytes[1])), header.records > 0 else {
                return nil
            }
            var last: DNSReader.Record?
            for _ in 0..<header.records {
                guard let record = reader.record() else { return nil }
                last = record
            }
            guard let last, last.type == type, last.space == any, last.timeToLive == 0, last.end == bytes.count else { return nil }
            var data = DNSReader(bytes, at: last.data)
            guard let algorithm = data.name(), let high = data.word(), let low = data.long(), let fudge = data.word(), let size = data.word(),
                data.at + Int(size) + 6 <= last.end
            else { return nil }
            let code = bytes[data.at..<data.at + Int(size)].array
            guard data.skip(Int(size)) else { return nil }
            let id = bytes[data.at..<data.at + 2].array
            guard data.skip(2), let error = data.word(), data.word() == 0 else { return nil }
            return Signature(
                owner: last.owner, algorithm: algorithm, time: Int64(high) << 32 | Int64(low), fudge: fudge, code: code, originalID: id,
                error: error, start: last.start)
        }
    }
}
