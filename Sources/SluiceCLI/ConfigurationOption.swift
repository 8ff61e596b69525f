import ArgumentParser
import Discovery
import Glibc
import Model
import Policies
import Schema

/// Where the configuration is, as every command that needs one understands it.
struct ConfigurationOption: ParsableArguments {
    @Option(name: [.customLong("config"), .short], help: "A YAML file, or a folder of them.", completion: .file(extensions: ["yaml", "yml"]))
    var config: String?

    init() {}

    /// The file or folder; nil when there is none and the quick start applies.
    var path: String? {
        if let config { return config }
        if let given = getenv("SLUICE_CONFIG").map({ String(cString: $0) }), !given.isEmpty { return given }
        return access("sluice.yaml", R_OK) == 0 ? "sluice.yaml" : nil
    }

    /// The configuration, or a failure with every diagnostic.
    ///
    /// - Parameter asking: whether the sources of secrets are asked; where they are not, texts that they hold are `***`.
    func load(
        _ secrets: SecretStore = SecretStore(), asking: SecretStore.Asking = .always
    ) throws -> (configuration: Configuration, snapshot: FileSource.Snapshot) {
        guard let path else {
            return (Configuration.quickStart, .builtIn(Configuration.quickStart, version: "quick-start"))
        }
        let snapshot = FileSource(path: path, policies: builtInPolicies, secrets: secrets).load(asking: asking)
        guard let configuration = snapshot.configuration else {
            throw Failure(snapshot.diagnostics.sortedByPosition.text + "The configuration has errors: nothing was started.")
        }
        return (configuration, snapshot)
    }
}
