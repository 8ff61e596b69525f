import Glibc
import Schema

/// FNV-1a over what a configuration is made of: tells versions apart, and is no protection against forgery.
struct ContentHash {
    private var state: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func add(_ text: String) { add(text.utf8) }

    mutating func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { state = (state ^ UInt64(byte)) &* 0x100_0000_01b3 }
        // Files that share their border differ.
        state = (state ^ 0xff) &* 0x100_0000_01b3
    }

    /// Adds a file whose bytes must not stay in memory.
    mutating func add(secret file: String) {
        guard var bytes = TextFile.bytes(file) else { return add([]) }
        add(bytes)
        bytes.withUnsafeMutableBytes { memory in
            if let start = memory.baseAddress { explicit_bzero(start, memory.count) }
        }
    }

    mutating func addSecrets(of node: ConfigNode) {
        switch node.content {
        case .null: break
        case .scalar(let text): if node.isSecret { add(text) }
        case .list(let nodes): for node in nodes { addSecrets(of: node) }
        case .map(let entries): for entry in entries { addSecrets(of: entry.value) }
        }
    }

    var text: String {
        let digits = String(state, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
