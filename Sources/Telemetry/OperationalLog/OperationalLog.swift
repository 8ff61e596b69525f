package import Logging

/// What the gateway says about itself, for the one who runs it: one line for each message, on standard error.
///
///     2026-11-23T10:00:00.123Z info  configuration applied routes=12
///
/// Lines are written whole with one system call, so those of several threads never mix. Control characters are escaped:
/// nothing that a line quotes can forge another line.
package enum OperationalLog {
    package enum Format: Sendable { case text, json }

    /// Makes this the log of the process. Called once, before the first `Logger` is made.
    ///
    /// - Parameter colour: nil colours levels when standard error is a terminal and `NO_COLOR` is not set.
    package static func bootstrap(level: Logger.Level = .info, format: Format = .text, colour: Bool? = nil) {
        let sink = LineSink.standardError
        let coloured = colour ?? sink.isTerminal
        LoggingSystem.bootstrap { label in
            OperationalLogHandler(label: label, level: level, format: format, coloured: coloured, sink: sink)
        }
    }
}
