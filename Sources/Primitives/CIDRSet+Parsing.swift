extension CIDRSet {
    /// Lines of a file that are no networks.
    package struct ParsingError: Error, Equatable, CustomStringConvertible {
        package struct Line: Equatable, Sendable {
            /// Counted from 1.
            package let number: Int
            /// What stands there, shortened, and without what is not printable.
            package let text: String
        }

        /// The first of them; reading a wrong file should not fill a log.
        package fileprivate(set) var lines: [Line] = []
        /// How many there are.
        package fileprivate(set) var count = 0

        package var description: String {
            let listed = lines.map { "line \($0.number): \"\($0.text)\" is neither a network nor an address" }.joined(separator: "; ")
            return count > lines.count ? "\(listed); and \(count - lines.count) more" : listed
        }
    }

    /// The networks of a file: one a line, or an address; blanks around them, empty lines and comments from `#` to the end of the
    /// line are skipped. Lines end with LF or CR LF.
    package init(parsingLines bytes: ByteView) throws(ParsingError) {
        var networks: [CIDR] = []
        networks.reserveCapacity(bytes.count / 16)
        var error = ParsingError()
        var start = 0, number = 0
        while start < bytes.count {
            let end = bytes.firstIndex(of: UInt8(ascii: "\n"), from: start) ?? bytes.count
            number += 1
            let text = CIDRSet.content(bytes[start..<end])
            if let network = CIDR(parsing: text) {
                networks.append(network)
            } else if !text.isEmpty {
                error.add(number, text)
            }
            start = end + 1
        }
        guard error.count == 0 else { throw error }
        self.init(networks)
    }

    private static func content(_ line: ByteView) -> ByteView {
        var line = line
        if let comment = line.firstIndex(of: UInt8(ascii: "#")) { line = line.prefix(comment) }
        if line.count > 0, line[line.count - 1] == UInt8(ascii: "\r") { line = line.prefix(line.count - 1) }
        return line.trimmed
    }
}

extension CIDRSet.ParsingError {
    private static let mostLines = 10
    private static let mostBytes = 60

    fileprivate mutating func add(_ number: Int, _ text: ByteView) {
        count += 1
        guard lines.count < CIDRSet.ParsingError.mostLines else { return }
        let printable = text.prefix(CIDRSet.ParsingError.mostBytes).array.map { (0x20...0x7e).contains($0) ? $0 : UInt8(ascii: "?") }
        lines.append(Line(number: number, text: String(decoding: printable, as: UTF8.self)))
    }
}
