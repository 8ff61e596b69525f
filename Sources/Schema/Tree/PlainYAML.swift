/// Reads the YAML that configuration files are made of, many times faster than a full parser: block maps and lists,
/// flow maps and lists on one line, plain scalars on one line, quoted scalars without escapes, comments.
///
/// It knows when it does not know: anything else (anchors, tags, block scalars, escapes, tabs, multi-line scalars …)
/// and anything that is not YAML makes `document` nil, and the full parser has the word. What it reads, it reads
/// exactly like that parser, which tests compare.
struct PlainYAML {
    /// What stands here is outside the subset.
    struct Unusual: Error {}

    private(set) var diagnostics: [Diagnostic] = []

    let bytes: [UInt8]
    let file: SourceFile
    var at = 0
    private var line = 1
    private var lineStart = 0
    /// Some characters are more than one byte, so columns must be counted.
    private let isWide: Bool
    private let isReadable: Bool

    /// Nesting deeper than this is left to the full parser, which has its own bound.
    static let maximumDepth = 60

    init(_ text: String, file: SourceFile) {
        bytes = Array(text.utf8)
        self.file = file
        (isReadable, isWide) = PlainYAML.scan(bytes)
    }

    /// The document, nil if it is not in the subset.
    mutating func document() -> ConfigNode? {
        guard isReadable else { return nil }
        do throws(Unusual) {
            var indent = try nextContent()
            if indent == 0, startsDocument() {
                at += 3
                try endOfLine()
                indent = try nextContent()
            }
            guard indent >= 0 else { return ConfigNode(.null, at: SourcePosition(file: file, line: 1, column: 1)) }
            let node = try block(indent: indent, depth: 0)
            guard at == bytes.count else { return nil }
            return node
        } catch { return nil }
    }

    /// Where the byte at `index` of the current line is.
    func position(_ index: Int) -> SourcePosition {
        var column = index - lineStart
        if isWide { for byte in bytes[lineStart..<index] where byte & 0xc0 == 0x80 { column -= 1 } }
        return SourcePosition(file: file, line: line, column: column + 1)
    }

    /// The column of the byte at `index`, from 0. Only spaces stand before an indentation that counts.
    func column(_ index: Int) -> Int { index - lineStart }

    var current: UInt8 { at < bytes.count ? bytes[at] : 0x0a }
    var following: UInt8 { at + 1 < bytes.count ? bytes[at + 1] : 0x0a }

    mutating func skipSpaces() { while current == 0x20 { at += 1 } }

    /// Moves to the next line that is neither blank nor a comment and answers its indentation, -1 at the end.
    /// Must be called at the start of a line.
    mutating func nextContent() throws(Unusual) -> Int {
        while at < bytes.count {
            skipSpaces()
            if current == UInt8(ascii: "#") { while at < bytes.count, bytes[at] != 0x0a { at += 1 } }
            guard at < bytes.count else { return -1 }
            if bytes[at] != 0x0a {
                let indent = at - lineStart
                if indent == 0, at > 0, startsDocument() || endsDocument() { throw Unusual() }
                return indent
            }
            newLine()
        }
        return -1
    }

    /// Only white space and a comment may follow on this line; moves behind it.
    mutating func endOfLine() throws(Unusual) {
        let start = at
        skipSpaces()
        if current == UInt8(ascii: "#") {
            guard at > start else { throw Unusual() }
            while at < bytes.count, bytes[at] != 0x0a { at += 1 }
        }
        guard at < bytes.count else { return }
        guard bytes[at] == 0x0a else { throw Unusual() }
        newLine()
    }

    /// Whether the rest of the line says nothing.
    func isAtEndOfLine() -> Bool { current == 0x0a || current == UInt8(ascii: "#") }

    /// Reports the keys of `entries` that stand there twice and leaves the first of each.
    mutating func withoutDuplicates(_ entries: [ConfigNode.Entry]) -> [ConfigNode.Entry] {
        guard PlainYAML.hasDuplicates(entries) else { return entries }
        var seen: Set<String> = []
        return entries.filter { entry in
            if seen.insert(entry.key).inserted { return true }
            diagnostics.append(.duplicateKey(entry.key, at: entry.position))
            return false
        }
    }

    private mutating func newLine() {
        at += 1
        line += 1
        lineStart = at
    }

    private func startsDocument() -> Bool { isMarker(UInt8(ascii: "-")) }
    private func endsDocument() -> Bool { isMarker(UInt8(ascii: ".")) }

    private func isMarker(_ byte: UInt8) -> Bool {
        guard at + 2 < bytes.count, bytes[at] == byte, bytes[at + 1] == byte, bytes[at + 2] == byte else { return false }
        return at + 3 == bytes.count || bytes[at + 3] == 0x0a || bytes[at + 3] == 0x20
    }

    private static func hasDuplicates(_ entries: [ConfigNode.Entry]) -> Bool {
        if entries.count > 16 { return Set(entries.map(\.key)).count < entries.count }
        for i in entries.indices {
            for j in entries[..<i].indices where entries[i].key == entries[j].key { return true }
        }
        return false
    }
}
