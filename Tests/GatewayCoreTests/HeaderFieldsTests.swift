import GatewayCore
import Primitives
import Testing

@Suite struct HeaderFieldsTests {
    private func fields(_ pairs: KeyValuePairs<String, String>) -> HeaderFields {
        let fields = HeaderFields()
        for (name, value) in pairs { fields.append(name, value) }
        return fields
    }

    private func written(_ fields: HeaderFields) -> String {
        let out = ByteBuffer()
        fields.write(to: out)
        return out.view.string
    }

    private func values(_ fields: HeaderFields, _ name: String) -> [String] {
        var result: [String] = []
        name.withView { name in
            fields.forEach(named: name) {
                result.append($0.string)
                return true
            }
        }
        return result
    }

    @Test func orderAndSpellingAreKept() {
        let fields = fields(["X-B": "1", "Accept": "a", "x-b": "2", "ACCEPT": "b"])
        #expect(written(fields) == "X-B: 1\r\nAccept: a\r\nx-b: 2\r\nACCEPT: b\r\n")
        #expect(values(fields, "x-b") == ["1", "2"] && values(fields, "accept") == ["a", "b"])
        #expect(fields[.accept]?.string == "a" && fields.first(ByteView("x-b"))?.string == "1")
        #expect(fields[.host] == nil && fields.first(ByteView("x-c")) == nil && !fields.contains(.host))
    }

    @Test func lengthOfTheBodyIsNotWritten() {
        #expect(written(fields(["Content-Length": "5", "A": "b"])) == "A: b\r\n")
    }

    @Test func removingAndSetting() {
        let fields = fields(["Host": "a", "X-A": "1", "host": "b", "x-a": "2"])
        fields.set(.host, ByteView("c"))
        fields.remove(named: ByteView("x-a"))
        #expect(written(fields) == "host: c\r\n")
        #expect(fields.contains(.host) && values(fields, "x-a") == [])
        fields.remove(.host)
        #expect(!fields.contains(.host) && fields[.host] == nil && written(fields) == "")
        fields.append(.host, ByteView("d"))
        #expect(fields[.host]?.string == "d")
    }

    @Test func stoppingHalfWay() {
        let fields = fields(["a": "1", "a": "2", "a": "3"])
        var count = 0
        fields.forEach(named: ByteView("a")) { _ in
            count += 1
            return count < 2
        }
        #expect(count == 2)
    }

    @Test func hopByHopFieldsAndThoseThatConnectionNames() {
        let fields = fields([
            "Connection": "close, X-Private , Authorization", "connection": "x-other", "Keep-Alive": "5", "TE": "trailers",
            "Transfer-Encoding": "chunked", "Upgrade": "h2c", "Proxy-Connection": "x", "HTTP2-Settings": "x", "X-Private": "1",
            "x-private": "2", "X-Other": "3", "Authorization": "x", "X-Stays": "y", "Trailer": "z",
        ])
        fields.removeHopByHop()
        #expect(written(fields) == "X-Stays: y\r\nTrailer: z\r\n")
    }

    /// What a message cannot do without is not removed at a client's word.
    @Test func connectionCannotRemoveWhatTheGatewayNeeds() {
        let fields = fields([
            "Connection": "Host, Content-Length, Via, Forwarded, X-Forwarded-For, Date", "Host": "a", "Content-Length": "3", "Via": "v",
            "Forwarded": "f", "X-Forwarded-For": "1.2.3.4", "Date": "d",
        ])
        fields.removeHopByHop()
        for known in [KnownField.host, .contentLength, .via, .forwarded, .xForwardedFor, .date] { #expect(fields.contains(known)) }
    }

    @Test func whatUntrustedPeersSayOfTheWay() {
        let fields = fields([
            "Forwarded": "a", "X-Forwarded-For": "a", "X-Forwarded-Host": "a", "X-Forwarded-Port": "a", "X-Forwarded-Proto": "a",
            "X-Forwarded-Prefix": "a", "X-Forwarded-Server": "a", "X-Forwarded-Scheme": "a", "X-Forwarded-Ssl": "a", "X-Real-IP": "a",
            "X-Forward": "stays",
        ])
        fields.removeForwarding()
        #expect(written(fields) == "X-Forward: stays\r\n")
        #expect(!fields.contains(.xForwardedFor))
    }

    @Test func clearForgetsEverything() {
        let fields = fields(["Host": "a", "X": "b"])
        fields.clear()
        #expect(fields.count == 0 && !fields.contains(.host) && written(fields) == "")
        // A large head gives its memory back.
        fields.append("x-large", String(repeating: "x", count: 100_000))
        fields.clear()
        #expect(fields.storage.capacity <= 16 << 10)
    }

    @Test func valuesWrittenInPlace() {
        let fields = fields(["a": "b"])
        fields.append(.via) { $0.append("1.1 x") }
        fields.append(.accept) { _ in }
        #expect(fields[.via]?.string == "1.1 x" && fields[.accept]?.isEmpty == true)
        #expect(written(fields) == "a: b\r\nvia: 1.1 x\r\naccept: \r\n")
    }
}
