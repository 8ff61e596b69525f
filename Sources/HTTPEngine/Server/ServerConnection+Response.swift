package import GatewayCore
package import Primitives
import Reactor
import TLS

extension ServerConnection: Downstream {
    private var output: ByteBuffer { connection.loop.output }

    /// Pieces up to this size are copied behind what was gathered, rather than sent as a second vector.
    private static let copyLimit = 16 << 10

    package var isBackedUp: Bool { connection.isBackedUp }
    package var certificate: ClientCertificate? { (connection.layer as? TLSStream)?.certificate }

    package func sendInformational(_ exchange: Exchange) {
        // HTTP/1.0 knows no interim responses (RFC 9110 §15.2).
        guard exchange.request.minorVersion >= 1, !exchange.responseStarted else { return }
        HeadWriter.writeStatusAndFields(exchange.response, to: output)
        output.append("\r\n")
        flush()
    }

    package func sendHead(_ exchange: Exchange) {
        let response = exchange.response
        exchange.responseStarted = true
        exchange.status = response.status
        // A body that is still on its way may never be read: the next request could not be found behind it.
        if server.isDraining || (phase == .body && !canDiscardBody) { keepAlive = false }
        let out = output
        HeadWriter.writeStatusAndFields(response, to: out)
        // A recipient with a clock adds what an origin left out (RFC 9110 §6.6.1).
        if !response.fields.contains(.date) {
            out.append("date: ")
            out.append(loop.httpDate)
            out.append("\r\n")
        }
        if let value = server.transportSecurity(for: response) {
            out.append("strict-transport-security: ")
            out.append(value)
            out.append("\r\n")
        }
        if exchange.tunnel == .open, response.status == 101, phase == .answered { return beginTunnel(exchange, to: out) }
        writeFraming(exchange, to: out)
        if !keepAlive {
            out.append("connection: close\r\n")
        } else if exchange.request.minorVersion == 0 {
            out.append("connection: keep-alive\r\n")
        }
        out.append("\r\n")
    }

    private func writeFraming(_ exchange: Exchange, to out: ByteBuffer) {
        let response = exchange.response
        let isBodyless = exchange.request.method == .head || response.status == 204 || response.status == 304
        if isBodyless {
            writing = .none
            // What a GET would have had stays visible (RFC 9110 §8.6); 204 has none.
            guard response.status != 204 else { return }
            if let length = response.fields[.contentLength] {
                out.append("content-length: ")
                out.append(length)
                out.append("\r\n")
            } else if case .length(let count) = response.framing, exchange.request.method == .head {
                out.append("content-length: ")
                out.append(decimal: count)
                out.append("\r\n")
            }
            return
        }
        switch response.framing {
        case .length(let count):
            writing = .length(count)
            out.append("content-length: ")
            out.append(decimal: count)
            out.append("\r\n")
        case .none:
            writing = .length(0)
            out.append("content-length: 0\r\n")
        case .chunked, .untilClose:
            if exchange.request.minorVersion >= 1 {
                writing = .chunked
                out.append("transfer-encoding: chunked\r\n")
            } else {
                writing = .untilClose
                keepAlive = false
            }
        }
    }

    package func sendBody(_ bytes: ByteView) {
        guard let exchange, !bytes.isEmpty else { return }
        switch writing {
        case .nothing, .none: return
        case .length(let left):
            let piece = bytes.prefix(left)
            writing = .length(left - piece.count)
            exchange.responseBytes += piece.count
            gather(piece)
        case .untilClose, .tunnel:
            exchange.responseBytes += bytes.count
            gather(bytes)
        case .chunked:
            exchange.responseBytes += bytes.count
            output.append(hexadecimal: bytes.count)
            output.append("\r\n")
            gather(bytes)
            output.append("\r\n")
        }
    }

    private func gather(_ bytes: ByteView) {
        if bytes.count <= ServerConnection.copyLimit, output.count + bytes.count <= 2 * ServerConnection.copyLimit {
            output.append(bytes)
        } else {
            connection.send(output.view, bytes)
            output.clear()
        }
    }

    package func sendEnd(trailers: HeaderFields?) {
        if writing == .chunked {
            output.append("0\r\n")
            trailers?.write(to: output)
            output.append("\r\n")
        }
        flush()
        if writing == .tunnel { return tunnelOutputEnded() }
        if case .length(let left) = writing, left > 0 {
            return abort(GatewayError(.internalError, .gateway, "The response is shorter than announced."))
        }
        finish()
    }

    package func abort(_ error: GatewayError) {
        if exchange?.error == nil { exchange?.error = error }
        output.clear()
        // A reset, so that a body without a length can't be taken for a complete one.
        shutDown(error.reason, reset: true)
    }

    @discardableResult package func flush() -> Bool {
        if !output.isEmpty {
            connection.send(output.view)
            output.clear()
        }
        // What came behind the request goes as soon as the answer is out.
        if phase == .tunnel, kept != nil, !isProcessing {
            processKept()
            updateReading()
        }
        guard connection.isBackedUp else { return true }
        if connection.deadline == .never || phase != .body { watchSlowClient() }
        return false
    }

    package func wantsRequestBody() {
        if phase == .tunnel, !bodyIsWanted {
            bodyIsWanted = true
            guard !isProcessing else { return }
            processKept()
            return updateReading()
        }
        guard phase == .body else { return }
        // Wanted already, and nothing has come: the request is tried again, and its head is to go now.
        if bodyIsWanted, !isProcessing { exchange?.upstream?.requestFlush() }
        guard !bodyIsWanted else { return }
        bodyIsWanted = true
        connection.deadline = loop.now + server.settings.progressTimeout
        guard !isProcessing else { return }
        if kept == nil { exchange?.upstream?.requestFlush() } else { processKept() }
        updateReading()
    }
}
