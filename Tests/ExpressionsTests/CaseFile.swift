import Foundation

/// Cases as lines of a file beside the tests: fields separated by tabs, comments after "#".
enum CaseFile {
    static func lines(_ name: String, file: String = #filePath) throws -> [(number: Int, fields: [String])] {
        let url = URL(fileURLWithPath: file).deletingLastPathComponent().appendingPathComponent("Cases/\(name)")
        let text = try String(contentsOf: url, encoding: .utf8)
        return text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap { place, line in
            guard !line.isEmpty, !line.hasPrefix("# ") else { return nil }
            return (place + 1, line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init))
        }
    }

    /// `\n`, `\t`, `\\` and `<hh>` for single bytes.
    static func bytes(_ text: String) -> [UInt8] {
        let input = Array(text.utf8)
        var output: [UInt8] = []
        var i = 0
        while i < input.count {
            if input[i] == UInt8(ascii: "\\"), i + 1 < input.count {
                let escapes: [UInt8: UInt8] = [UInt8(ascii: "n"): 10, UInt8(ascii: "t"): 9]
                output.append(escapes[input[i + 1]] ?? input[i + 1])
                i += 2
            } else if input[i] == UInt8(ascii: "<"), i + 3 < input.count, input[i + 3] == UInt8(ascii: ">"),
                let value = UInt8(String(decoding: input[i + 1...i + 2], as: UTF8.self), radix: 16)
            {
                output.append(value)
                i += 4
            } else {
                output.append(input[i])
                i += 1
            }
        }
        return output
    }
}
