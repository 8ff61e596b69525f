import GatewayCore
import Primitives

extension AccessLine {
    func writeText(to out: ByteBuffer) {
        client.write(to: out)
        out.append(" -")
        word(consumer, out)
        out.append(" [")
        Timestamp(record.time).writeCommonLog(to: out)
        out.append("] \"")
        if method.isEmpty, target.isEmpty {
            out.append("-")
        } else {
            out.append(quotedEscaped: method)
            out.append(byte: UInt8(ascii: " "))
            out.append(quotedEscaped: target)
            out.append(byte: UInt8(ascii: " "))
            out.append(VersionText.name(major: record.majorVersion, minor: record.minorVersion))
        }
        out.append("\" ")
        if record.status == 0 { out.append("-") } else { out.append(decimal: Int(record.status)) }
        out.append(" ")
        out.append(decimal: Int(clamping: record.responseBytes))
        quoted(referer, out)
        quoted(userAgent, out)
        out.append(" ")
        out.append(seconds: record.duration)
        out.append(" ")
        if record.upstreamDuration == .max { out.append("-") } else { out.append(seconds: record.upstreamDuration) }
        for word in [host, listener, api, route, upstream, endpoint] { self.word(word, out) }
        out.append(" ")
        out.append(decimal: Int(record.attempts))
        if keptID.isEmpty, !generatedID.isEmpty {
            out.append(" ")
            generatedID.write(to: out)
        } else {
            word(keptID, out)
        }
        word(reason.map { ByteView($0.code) } ?? ByteView(), out)
        LogMember.forEach(members) { member in
            out.append(" ")
            out.append(wordEscaped: member.name)
            out.append("=")
            out.append(wordEscaped: member.value)
        }
        out.append("\n")
    }

    private func quoted(_ value: ByteView, _ out: ByteBuffer) {
        out.append(" \"")
        if value.isEmpty { out.append("-") } else { out.append(quotedEscaped: value) }
        out.append("\"")
    }

    /// A value that stands without quotes: blanks in it are escaped too.
    private func word(_ value: ByteView, _ out: ByteBuffer) {
        out.append(" ")
        if value.isEmpty { return out.append("-") }
        out.append(wordEscaped: value)
    }
}
