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
            Reloads when the files change and on SIGHUP, opens its access log again on SIGUSR1, hands over to the program that now stands in its place \
            on SIGUSR2, drains on SIGTERM and SIGINT. A second signal ends it at once.
            """)

    @OptionGroup var source: ConfigurationOption

    func run() throws {
        // Before any thread is made, so that all inherit the mask.
        let signals = SignalWait()
        OperationalLog.bootstrap()
        DescriptorLimit.raise()
        let predecessor = Predecessor.fromEnvironment()
        let runner = GatewayRunner(source: source, predecessor: predecessor?.process)
        do {
            try runner.start()
        } catch {
            predecessor?.tell(.failed((error as? Failure)?.message ?? "\(error)"))
            throw error
        }
        predecessor?.tell(.ready)
        while true {
            switch signals.next() {
            case SIGHUP: runner.reload(because: "SIGHUP")
            case SIGUSR1: runner.reopenLogs()
            case SIGUSR2: runner.upgrade()
            default:
                runner.stop(while: signals)
                return
            }
        }
    }
}
