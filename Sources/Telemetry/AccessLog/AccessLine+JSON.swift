import GatewayCore
import Primitives

extension AccessLine {
    func writeJSON(to out: ByteBuffer) {
        out.append("{\"time\":\"")
        Timestamp(record.time).writeRFC3339(to: out)
        out.append("\",\"client\":\"")
        client.write(to: out)
        out.append(byte: UInt8(ascii: "\""))
        if record.kind == AccessRecord.Kind.exchange.rawValue { writeExchange(to: out) } else { pair(",\"listener\":", listener, out) }
        if let reason { pair(",\"reason\":", ByteView(reason.code), out) }
        out.append("}\n")
    }

    private func writeExchange(to out: ByteBuffer) {
        pair(",\"method\":", method, out)
        pair(",\"host\":", host, out)
        pair(",\"path\":", target, out)
        out.append(",\"protocol\":\"")
        out.append(VersionText.name(major: record.majorVersion, minor: record.minorVersion))
        out.append("\",\"status\":")
        out.append(decimal: Int(record.status))
        out.append(",\"requestBytes\":")
        out.append(decimal: Int(clamping: record.requestBytes))
        out.append(",\"responseBytes\":")
        out.append(decimal: Int(clamping: record.responseBytes))
        out.append(",\"duration\":")
        out.append(seconds: record.duration)
        if record.upstreamDuration != .max {
            out.append(",\"upstreamDuration\":")
            out.append(seconds: record.upstreamDuration)
        }
        pair(",\"listener\":", listener, out)
        pair(",\"api\":", api, out)
        pair(",\"route\":", route, out)
        pair(",\"upstream\":", upstream, out)
        pair(",\"endpoint\":", endpoint, out)
        out.append(",\"attempts\":")
        out.append(decimal: Int(record.attempts))
        writeRequestID(to: out)
        pair(",\"userAgent\":", userAgent, out)
        pair(",\"referer\":", referer, out)
        pair(",\"consumer\":", consumer, out)
        pair(",\"credential\":", credential, out)
        writeMembers(to: out)
    }

    private func writeMembers(to out: ByteBuffer) {
        LogMember.forEach(members) { member in
            out.append(",\"")
            out.append(jsonEscaped: member.name)
            out.append("\":")
            switch member.kind {
            case .literal: out.append(member.value)
            case .text:
                out.append(byte: UInt8(ascii: "\""))
                out.append(jsonEscaped: member.value)
                out.append(byte: UInt8(ascii: "\""))
            }
        }
    }

    private func writeRequestID(to out: ByteBuffer) {
        if !keptID.isEmpty { return pair(",\"requestId\":", keptID, out) }
        if generatedID.isEmpty { return }
        out.append(",\"requestId\":\"")
        generatedID.write(to: out)
        out.append(byte: UInt8(ascii: "\""))
    }

    /// A key with its string; nothing when the string is empty.
    private func pair(_ key: StaticString, _ value: ByteView, _ out: ByteBuffer) {
        if value.isEmpty { return }
        out.append(key)
        out.append(byte: UInt8(ascii: "\""))
        out.append(jsonEscaped: value)
        out.append(byte: UInt8(ascii: "\""))
    }
}
