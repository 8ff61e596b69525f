import Glibc

/// A password from standard input.
enum PasswordInput {
    private static let longest = 4096

    /// A key: on a terminal, asks for it, without echo. Otherwise the first line.
    static func readKey() throws -> [UInt8] {
        guard isatty(STDIN_FILENO) == 1 else { return try line("key") }
        return try quietly { try ask("Key: ") }
    }

    /// On a terminal, asks twice, without echo. Otherwise the first line.
    static func read() throws -> [UInt8] {
        guard isatty(STDIN_FILENO) == 1 else { return try line("password") }
        let password = try quietly { try ask("Password: ") }
        guard try quietly({ try ask("The same again: ") }) == password else { throw Failure("The two are not the same.") }
        return password
    }

    private static func ask(_ prompt: String) throws -> [UInt8] {
        _ = Array(prompt.utf8).withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
        return try line(prompt == "Key: " ? "key" : "password")
    }

    /// Bytes up to a line break, which does not belong to the secret, or to the end.
    private static func line(_ what: String) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            var byte: UInt8 = 0
            let count = Glibc.read(STDIN_FILENO, &byte, 1)
            if count < 0, errno == EINTR, !Interruption.came { continue }
            if count < 0 { throw Failure(Interruption.came ? "Given up." : "The \(what) can't be read: \(String(cString: strerror(errno)))") }
            if count == 0 || byte == UInt8(ascii: "\n") { break }
            bytes.append(byte)
            guard bytes.count <= longest else { throw Failure("A \(what) has at most \(longest) bytes.") }
        }
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        guard !bytes.isEmpty else { throw Failure("There is no \(what) on standard input.") }
        return bytes
    }

    /// Without echo: the terminal is as it was before afterwards, even when somebody presses Ctrl-C.
    private static func quietly(_ body: () throws -> [UInt8]) throws -> [UInt8] {
        var before = termios()
        guard tcgetattr(STDIN_FILENO, &before) == 0 else { return try body() }
        var quiet = before
        quiet.c_lflag &= ~tcflag_t(ECHO)
        quiet.c_lflag |= tcflag_t(ECHONL)
        Interruption.watch()
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet)
        defer { tcsetattr(STDIN_FILENO, TCSAFLUSH, &before) }
        return try body()
    }
}

/// Ctrl-C while a password is typed interrupts reading in place of ending the process.
private enum Interruption {
    nonisolated(unsafe) private static var flag: sig_atomic_t = 0

    static var came: Bool { flag != 0 }

    static func watch() {
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in Interruption.flag = 1 }
        sigaction(SIGINT, &action, nil)
    }
}
