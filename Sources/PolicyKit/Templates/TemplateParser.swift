import Expressions
import Model
import Schema

/// Takes a template apart: `{id}`, `{source.ip}`, `{= … =}`, `{*}`, `$1`. Braces around anything that is no name stay as they are,
/// so JSON needs no escapes.
struct TemplateParser {
    let source: TemplateText
    let path: String
    let environment: ExpressionEnvironment
    private(set) var pieces: [PolicyTemplate.Piece] = []
    private(set) var flaws: [PolicyError.Flaw] = []

    init(_ source: TemplateText, path: String, environment: ExpressionEnvironment) {
        self.source = source
        self.path = path
        self.environment = environment
    }

    mutating func parse() {
        var literal: [UInt8] = []
        var rest = source.text[...]
        while let mark = rest.firstIndex(where: { $0 == "{" || $0 == "$" }) {
            literal += rest[..<mark].utf8
            rest = rest[mark...]
            if let (piece, length) = piece(at: rest) {
                if !literal.isEmpty { pieces.append(.literal(literal)) }
                literal = []
                pieces.append(piece)
                rest = rest.dropFirst(length)
            } else {
                literal += rest.removeFirst().utf8
            }
        }
        literal += rest.utf8
        if !literal.isEmpty { pieces.append(.literal(literal)) }
    }

    private mutating func piece(at text: Substring) -> (PolicyTemplate.Piece, length: Int)? {
        if text.first == "$" {
            guard let digit = text.dropFirst().first, digit.isASCII, let number = digit.wholeNumberValue else { return nil }
            return (.group(number), 2)
        }
        if text.hasPrefix("{=") { return embedded(text) }
        guard let end = text.firstIndex(of: "}") else { return nil }
        let name = text[..<end].dropFirst()
        let length = name.count + 2
        if name == "*" { return (.rest, length) }
        guard TemplateParser.isName(name) else { return nil }
        // A path parameter called like a variable wins, where the route has one.
        let variable = try? Expression(String(name), in: environment)
        return (.parameter(name: Array(name.utf8), variable: variable, asWritten: Array(text[...end].utf8)), length)
    }

    /// `{= expression =}`.
    private mutating func embedded(_ text: Substring) -> (PolicyTemplate.Piece, length: Int) {
        let start = text.index(text.startIndex, offsetBy: 2)
        let offset = source.text.utf8.distance(from: source.text.startIndex, to: start)
        guard let end = text[start...].firstRange(of: "=}") else {
            report(offset - 2, "`{=` without `=}`", remedy: nil)
            return (.literal([]), text.count)
        }
        let inside = text[start..<end.lowerBound]
        let length = text.distance(from: text.startIndex, to: end.upperBound)
        do throws(ExpressionError) {
            return (.expression(try Expression(String(inside), in: environment)), length)
        } catch {
            for flaw in error.all { report(offset + flaw.offset, flaw.message, remedy: flaw.remedy) }
            return (.literal([]), length)
        }
    }

    private mutating func report(_ offset: Int, _ message: String, remedy: String?) {
        flaws.append(
            PolicyError.Flaw(position: source.place.position(of: offset, in: source.text), path: path, message: message, remedy: remedy))
    }

    /// Names joined by dots: a letter or `_`, then letters, digits, `_`, `-`.
    private static func isName(_ text: Substring) -> Bool {
        !text.isEmpty
            && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
                guard let first = part.utf8.first, isLetter(first) else { return false }
                return part.utf8.allSatisfy { isLetter($0) || ($0 >= 0x30 && $0 <= 0x39) || $0 == UInt8(ascii: "-") }
            }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7a) || byte == UInt8(ascii: "_")
    }
}
