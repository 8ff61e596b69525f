import Glibc

/// Messages go to standard error, data to standard output.
enum Console {
    static func output(_ text: String) { write(text, to: STDOUT_FILENO) }
    static func error(_ text: String) { write(text, to: STDERR_FILENO) }

    /// Colours for a terminal that has them and whose user does not mind (https://no-color.org).
    static var style: TextStyle {
        func variable(_ name: String) -> String { getenv(name).map { String(cString: $0) } ?? "" }
        return TextStyle(isColoured: isatty(STDOUT_FILENO) == 1 && variable("NO_COLOR").isEmpty && variable("TERM") != "dumb")
    }

    private static func write(_ text: String, to descriptor: Int32) {
        var bytes = Array((text.hasSuffix("\n") || text.isEmpty ? text : text + "\n").utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }
}

enum Exit {
    static func now(_ code: Int32) -> Never { exit(code) }
}
