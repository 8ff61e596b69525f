import GatewayCore
import Primitives
import Reactor
import TLS

/// Where a source is, and how to ask it.
struct SourceEndpoint: Sendable {
    let base: CalloutURL
    let security: TLSClientContext?
    let transport: any SecretTransport
    /// What messages call the source: `Vault at https://vault.internal:8200`.
    let name: String

    /// - Parameter authorities: a PEM file; nil trusts the system's.
    init(_ kind: String, _ url: String, authorities: String?, transport: any SecretTransport) throws(SecretFailure) {
        do throws(CalloutURLError) {
            base = try CalloutURL(parsing: url)
        } catch {
            throw .unavailable("the address of \(kind) is no URL: \(error.rawValue)", remedy: "such as https://secrets.internal:8200")
        }
        var settings = TLSClientSettings()
        settings.authorities = authorities
        settings.protocols = [.http1]
        do throws(TLSError) {
            security = base.isSecure ? try TLSClientContext(settings) : nil
        } catch {
            throw .unavailable("TLS with \(kind) can't be set up: \(error.message)", remedy: error.remedy ?? "check `authorities`")
        }
        self.transport = transport
        name = "\(kind) at \(base.origin)"
    }

    /// A path below the address: its segments, percent-encoded.
    func url(_ path: String) -> CalloutURL {
        var url = base
        let prefix = base.target.hasSuffix("/") ? String(base.target.dropLast()) : base.target
        url.target = "\(prefix)/\(SourceEndpoint.encode(path))"
        return url
    }

    /// Everything but unreserved characters and slashes (RFC 3986 §2.3).
    static func encode(_ path: String) -> String {
        var out: [UInt8] = []
        for byte in path.utf8 {
            if ASCII.isDigit(byte) || ASCII.isLetter(byte) || [0x2d, 0x2e, 0x2f, 0x5f, 0x7e].contains(byte) {
                out.append(byte)
            } else {
                out += [UInt8(ascii: "%"), ASCII.hexDigit(byte >> 4), ASCII.hexDigit(byte & 15)]
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// Sends a request. A source that can't be reached, or is overloaded, is asked again for as long as there is time: twice.
    func send(
        _ method: String, _ path: String, headers: [(name: String, value: String)], body: JSON? = nil, until deadline: Instant
    ) -> Result<FetchResponse, SecretFailure> {
        var request = SecretRequest(url: url(path), method: method, headers: headers, security: security)
        if let body { request.body = body.bytes }
        return send(request, until: deadline)
    }

    func send(_ request: SecretRequest, until deadline: Instant) -> Result<FetchResponse, SecretFailure> {
        var pause: Nanoseconds = .milliseconds(200)
        var attempt = 1
        while true {
            let result = transport.send(request, until: deadline)
            switch result {
            case .success(let response) where response.status != 429 && response.status < 500: return .success(response)
            case .success, .failure: break
            }
            guard attempt < 3, Instant.now + pause < deadline else { return SourceEndpoint.judged(result, name) }
            Latch(1).wait(timeout: pause)
            pause *= 4
            attempt += 1
        }
    }

    private static func judged(_ result: Result<FetchResponse, GatewayError>, _ name: String) -> Result<FetchResponse, SecretFailure> {
        result.mapError { error in
            let why = error.detail.hasSuffix(".") ? String(error.detail.dropLast()) : error.detail
            return .unavailable("\(name) can't be asked: \(why)", remedy: "check its address, the network and its certificate")
        }
    }
}

/// The body of an answer, as far as it is JSON.
extension FetchResponse {
    var json: JSON? { try? JSON.parse(body, limits: JSONLimits(bytes: 4 << 20)) }
}
