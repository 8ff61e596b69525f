import ArgumentParser
import DataPlane
import Discovery
import Glibc
import Model
import Reactor
import Schema
import Telemetry

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Starts the gateway.",
        discussion: """
            Reloads when the files change and on SIGHUP, opens its access log again on SIGUSR1, drains on SIGTERM and SIGINT. \
            A second signal ends it at once.
            """)

    @OptionGroup var source: ConfigurationOption

    func run() throws {
        // Before any thread is made, so that all inherit the mask.
        let signals = SignalWait()
        OperationalLog.bootstrap()
        DescriptorLimit.raise()
        let runner = GatewayRunner(source: source)
        try runner.start()
        while true {
            switch signals.next() {
            case SIGHUP: runner.reload(because: "SIGHUP")
            case SIGUSR1: runner.reopenLogs()
            default:
                runner.stop(while: signals)
                return
            }
        }
    }
}
