import Foundation
import Primitives
import SharedState
import Testing

/// `Cases/resp.txt`: bytes of servers, and what they are.
struct RESPCase: CustomTestStringConvertible {
    let line: Int
    let text: String
    let bytes: [UInt8]
    let expected: String

    var testDescription: String { "line \(line): \(text.prefix(60))" }

    static let all: [RESPCase] = {
        let url = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Cases/resp.txt")
        let lines = (try? String(contentsOf: url, encoding: .utf8))?.components(separatedBy: "\n") ?? []
        return lines.enumerated().compactMap { index, line in
            guard !line.isEmpty, !line.hasPrefix("#"), let arrow = line.range(of: " -> ") else { return nil }
            let left = String(line[..<arrow.lowerBound])
            return RESPCase(line: index + 1, text: left, bytes: unescape(left), expected: String(line[arrow.upperBound...]))
        }
    }()

    /// `\r`, `\n`, `\0`, `\xNN`, `\*` and the like; `<3*ab>` is `ababab`.
    private static func unescape(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "<"), let star = rest.firstIndex(of: UInt8(ascii: "*")), let end = rest.firstIndex(of: UInt8(ascii: ">")),
                let count = Int(String(decoding: rest[rest.startIndex..<star], as: UTF8.self))
            {
                let part = unescape(String(decoding: rest[(star + 1)..<end], as: UTF8.self))
                for _ in 0..<count { bytes += part }
                rest = rest[(end + 1)...]
                continue
            }
            guard byte == UInt8(ascii: "\\"), let escape = rest.popFirst() else {
                bytes.append(byte)
                continue
            }
            switch escape {
            case UInt8(ascii: "r"): bytes.append(13)
            case UInt8(ascii: "n"): bytes.append(10)
            case UInt8(ascii: "0"): bytes.append(0)
            case UInt8(ascii: "x"):
                bytes.append(UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) ?? 0)
                rest = rest.dropFirst(2)
            default: bytes.append(escape)
            }
        }
        return bytes
    }

    /// What a scanner finds in bytes that arrive in these pieces, in the words of the cases.
    static func describe(_ pieces: [ArraySlice<UInt8>], _ limits: RESPLimits = RESPLimits()) -> String {
        var scanner = RESPScanner(limits)
        var kept: [UInt8] = []
        var found: [String] = []
        for piece in pieces {
            kept += piece
            loop: while true {
                switch kept.withView({ scanner.next($0) }) {
                case .incomplete: break loop
                case .malformed(let flaw): return (found + ["flaw \(name(flaw))"]).joined(separator: " + ")
                case .complete(let length):
                    found.append(
                        Array(kept.prefix(length)).withView { view in
                            let reply = RedisReply(view)
                            return (reply.kind == .push ? "push " : "") + describe(RedisValue(reply))
                        })
                    kept.removeFirst(length)
                    if kept.isEmpty { break loop }
                }
            }
        }
        if !kept.isEmpty || found.isEmpty { found.append("incomplete") }
        return found.joined(separator: " + ")
    }

    private static func name(_ flaw: RESPFlaw) -> String {
        switch flaw {
        case .kind: "kind"
        case .line: "line"
        case .number: "number"
        case .end: "end"
        case .nesting: "nesting"
        case .size: "size"
        }
    }

    static func describe(_ value: RedisValue) -> String {
        switch value {
        case .null: "null"
        case .text(let bytes): "\"\(escape(bytes))\""
        case .error(let text): "error(\(escape(Array(text.utf8))))"
        case .integer(let number): "\(number)"
        case .double(let number): "\(number)"
        case .boolean(let flag): "\(flag)"
        case .bigNumber(let digits): "big(\(digits))"
        case .list(let values): "[\(values.map(describe).joined(separator: ", "))]"
        case .map(let pairs): "{\(pairs.map { "\(describe($0.key)): \(describe($0.value))" }.joined(separator: ", "))}"
        }
    }

    private static func escape(_ bytes: [UInt8]) -> String {
        bytes.map { byte in
            switch byte {
            case 13: "\\r"
            case 10: "\\n"
            case 0: "\\0"
            case 0x20...0x7e: String(UnicodeScalar(byte))
            default: "\\x\(String(byte, radix: 16))"
            }
        }.joined()
    }
}
