/// Puts messages together (RFC 8446 §4.1.2).
enum HelloText {
    static func `extension`(_ type: UInt8, _ content: [UInt8]) -> [UInt8] { [0, type] + vector16(content) }

    static func name(_ name: String) -> [UInt8] { `extension`(0, vector16([0] + vector16(Array(name.utf8)))) }

    static func protocols(_ names: String...) -> [UInt8] {
        `extension`(16, vector16(names.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }))
    }

    /// A ClientHello; nil for one that ends before the extensions.
    static func message(_ extensions: [[UInt8]]?) -> [UInt8] {
        let random = [UInt8](repeating: 7, count: 32)
        let session = [UInt8](repeating: 9, count: 32)
        var body: [UInt8] = [3, 3]
        body += random
        body += [32] + session
        body += vector16([0x13, 1, 0x13, 2])
        body += [1, 0]
        if let extensions { body += vector16(extensions.flatMap { $0 }) }
        return handshake(body)
    }

    static func extensionsLength(_ extensions: [[UInt8]]) -> Int { 2 + extensions.reduce(0) { $0 + $1.count } }

    static func handshake(_ body: [UInt8]) -> [UInt8] { [1, 0] + vector16(body) }

    private static func vector16(_ content: [UInt8]) -> [UInt8] {
        [UInt8(content.count >> 8), UInt8(content.count & 0xff)] + content
    }
}
