package import Schema

/// A place that holds secrets: `${secret:name/path#field}` stands for a value in it.
package struct SecretSource: Settings {
    @Setting("What references call it: letters, digits, `.`, `-`, `_`.")
    package var name: String

    @Setting("HashiCorp Vault, or OpenBao: `${secret:name/web/database#password}`.")
    package var vault: VaultSource?

    @Setting("AWS Secrets Manager: `${secret:name/prod/database#password}`; without `#`, the secret as a whole.")
    package var awsSecretsManager: SecretsManagerSource?

    @Setting("Secrets of a Kubernetes cluster, asked by its API: `${secret:name/namespace/database#password}`.")
    package var kubernetes: KubernetesSource?

    @Setting("Files, as Kubernetes mounts secrets: a folder for each, and in it a file for each value.")
    package var files: SecretFilesSource?

    @Setting(
        "How often the source is asked whether a value has changed; what has changed is applied like a change of the file. `0s`: only when the configuration is loaded.",
        .zero ... .seconds(604_800))
    package var refresh: Duration = .seconds(300)

    @Setting("Longest wait for a value when the configuration is loaded, further attempts included.", .milliseconds(10) ... .seconds(300))
    package var timeout: Duration = .seconds(10)

    package var origin = Origin()
    package static var about: String { "A place that holds secrets. Exactly one of `vault`, `awsSecretsManager`, `kubernetes`, `files`." }
    package init() {}

    /// Whether it says where the secrets are, and how to get at them.
    package var isComplete: Bool { kinds.count == 1 && (vault.map { $0.auth.kinds.count == 1 } ?? true) }

    package static let allKinds = "`vault`, `awsSecretsManager`, `kubernetes`, `files`"

    /// The kinds that were given, by the names of their settings.
    package var kinds: [String] {
        let given = [
            ("vault", vault != nil), ("awsSecretsManager", awsSecretsManager != nil), ("kubernetes", kubernetes != nil), ("files", files != nil),
        ]
        return given.filter(\.1).map(\.0)
    }
}

package struct SecretsManagerSource: Settings {
    @Setting("Such as `eu-central-1`. Left out: `$AWS_REGION`, then `$AWS_DEFAULT_REGION`.")
    package var region: String?

    @Setting("URL to ask in place of the region's, such as a VPC endpoint's.")
    package var endpoint: String?

    @Setting("Left out, with the other two: `$AWS_ACCESS_KEY_ID`, `$AWS_SECRET_ACCESS_KEY`, `$AWS_SESSION_TOKEN`.")
    package var accessKeyId: String?

    @Setting("Belongs to `accessKeyId`.")
    package var secretAccessKey: String?

    @Setting("Comes with credentials that were lent for a while.")
    package var sessionToken: String?

    @Setting("PEM file of the authorities to trust. Left out: the system's.")
    package var authorities: ConfigurationFile?

    package init() {}
}

package struct KubernetesSource: Settings {
    @Setting("URL of the API server. Left out: `$KUBERNETES_SERVICE_HOST` and `$KUBERNETES_SERVICE_PORT`, as every pod has them.")
    package var address: String?

    @Setting("Of secrets whose path names none. Left out: the pod's own.")
    package var namespace: String?

    @Setting("File of the service account's token; read again for every request, because it changes.")
    package var tokenFile: String = "/var/run/secrets/kubernetes.io/serviceaccount/token"

    @Setting("PEM file of the API server's authority. Left out: the service account's.")
    package var authorities: ConfigurationFile?

    package init() {}
}

package struct SecretFilesSource: Settings {
    @Setting("`path#field` is the file `field` in the folder `path` below this one; `path` alone is a file.")
    package var folder: ConfigurationFile

    package init() {}
}
