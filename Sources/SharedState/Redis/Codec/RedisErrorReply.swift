import Primitives

/// What an error of the server means for the client.
enum RedisErrorReply: Equatable {
    /// The slot has moved for good, or for this one command.
    case moved(slot: Int, host: String, port: UInt16)
    case ask(host: String, port: UInt16)
    /// The script has to be sent.
    case noScript
    /// The server is no master, or not any more.
    case readOnly
    /// Nothing was done, because the server, or the cluster, is not ready.
    case notReady
    /// Nothing was done, because keys are on their way between nodes.
    case tryAgain
    case denied
    case other

    init(_ text: ByteView) {
        let code = text.prefix(RedisErrorReply.codeLength(text))
        if code == "MOVED" || code == "ASK" {
            self = RedisErrorReply.redirection(text, isAsk: code == "ASK") ?? .other
        } else if code == "NOSCRIPT" {
            self = .noScript
        } else if code == "READONLY" {
            self = .readOnly
        } else if code == "LOADING" || code == "CLUSTERDOWN" || code == "MASTERDOWN" || code == "BUSY" {
            self = .notReady
        } else if code == "TRYAGAIN" {
            self = .tryAgain
        } else if code == "NOAUTH" || code == "WRONGPASS" || code == "NOPERM" {
            self = .denied
        } else {
            self = .other
        }
    }

    /// The command was not executed, and can be sent again, here or elsewhere.
    var isRepeatable: Bool {
        switch self {
        case .moved, .ask, .noScript, .tryAgain: true
        case .readOnly, .notReady, .denied, .other: false
        }
    }

    /// `MOVED 3999 127.0.0.1:6381`; the host is empty where it is the one that answered.
    private static func redirection(_ text: ByteView, isAsk: Bool) -> RedisErrorReply? {
        let words = text.string.split(separator: " ")
        guard words.count >= 3, let slot = Int(words[1]), 0..<RedisSlot.count ~= slot else { return nil }
        guard let colon = words[2].lastIndex(of: ":"), let port = UInt16(words[2][words[2].index(after: colon)...]) else { return nil }
        var host = words[2][..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        return isAsk ? .ask(host: String(host), port: port) : .moved(slot: slot, host: String(host), port: port)
    }

    /// The first word: what kind of error it is.
    static func code(_ text: ByteView) -> String { text.prefix(min(32, codeLength(text))).string }

    private static func codeLength(_ text: ByteView) -> Int { text.firstIndex(of: 0x20) ?? text.count }

    /// What may be shown: servers repeat the arguments of commands that they do not know, and a password may be among them.
    static func shown(_ text: ByteView) -> String {
        let all = text.prefix(200).string
        return all.firstRange(of: ", with args").map { String(all[..<$0.lowerBound]) } ?? all
    }
}
