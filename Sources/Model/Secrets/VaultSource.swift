package import Schema

package struct VaultSource: Settings {
    @Setting("URL, such as `https://vault.internal:8200`.")
    package var address: String

    @Setting("Namespace that the requests are for (Vault Enterprise, HCP, OpenBao).")
    package var namespace: String?

    @Setting("Path at which the secrets engine is mounted.")
    package var mount: String = "secret"

    @Setting("`kv2`, `kv1`: key and value, with versions and without. `dynamic`: any engine whose values have a lease, such as `database`.")
    package var engine: VaultEngine = .kv2

    @Setting("PEM file of the authorities to trust. Left out: the system's.")
    package var authorities: ConfigurationFile?

    @Setting("How to log in: exactly one of these.")
    package var auth: VaultLogin

    package init() {}
}

package enum VaultEngine: String, SettingChoice {
    case kv2, kv1, dynamic
}

package struct VaultLogin: Settings {
    @Setting("A token. It is renewed as long as Vault lets it.")
    package var token: String?

    @Setting("A role and its secret.")
    package var appRole: VaultAppRole?

    @Setting("The service account of the pod.")
    package var kubernetes: VaultKubernetes?

    package var origin = Origin()
    package init() {}

    package var kinds: [String] {
        [("token", token != nil), ("appRole", appRole != nil), ("kubernetes", kubernetes != nil)].filter(\.1).map(\.0)
    }
}

package struct VaultAppRole: Settings {
    @Setting("Path at which the method is mounted.")
    package var mount: String = "approle"

    @Setting("The role.")
    package var roleId: String

    @Setting("Its secret. Left out where the role is bound to addresses instead.")
    package var secretId: String?

    package init() {}
}

package struct VaultKubernetes: Settings {
    @Setting("Path at which the method is mounted.")
    package var mount: String = "kubernetes"

    @Setting("The role.")
    package var role: String

    @Setting("File of the service account's token; read again for every login, because it changes.")
    package var tokenFile: String = "/var/run/secrets/kubernetes.io/serviceaccount/token"

    package init() {}
}
