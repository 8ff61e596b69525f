import Primitives
import Schema

extension Linter {
    mutating func checkSecrets(_ sources: [SecretSource]) {
        checkNames(sources.map(\.$name), of: "secrets")
        for (i, source) in sources.enumerated() {
            let path = "secrets[\(i)]"
            if !source.name.utf8.allSatisfy(Linter.isNameByte) {
                error(source.$name.position, "\(path).name", "a source is called by letters, digits, `.`, `-` and `_`")
            }
            let kinds = source.kinds
            if kinds.count != 1 {
                error(
                    source.origin.position, path,
                    kinds.isEmpty ? "nothing says where the secrets are" : "\(kinds.joined(separator: " and ")) exclude each other",
                    remedy: "give one of \(SecretSource.allKinds)")
            }
            if let vault = source.vault { check(vault, "\(path).vault") }
            if let aws = source.awsSecretsManager { check(aws, "\(path).awsSecretsManager") }
        }
    }

    private mutating func check(_ vault: VaultSource, _ path: String) {
        let auth = vault.auth
        if auth.kinds.count != 1 {
            error(
                auth.origin.position, "\(path).auth",
                auth.kinds.isEmpty ? "nothing says how to log in" : "\(auth.kinds.joined(separator: " and ")) exclude each other",
                remedy: "give one of `token`, `appRole`, `kubernetes`")
        }
        checkIsReference(auth.$token, "\(path).auth.token", auth.token != nil)
        if let role = auth.appRole { checkIsReference(role.$secretId, "\(path).auth.appRole.secretId", role.secretId != nil) }
    }

    private mutating func check(_ aws: SecretsManagerSource, _ path: String) {
        if (aws.accessKeyId == nil) != (aws.secretAccessKey == nil) || aws.sessionToken != nil && aws.accessKeyId == nil {
            error(
                aws.$accessKeyId.position, path, "`accessKeyId`, `secretAccessKey` and `sessionToken` belong together",
                remedy: "give all that there are, or none: they are taken from the environment then")
        }
        checkIsReference(aws.$secretAccessKey, "\(path).secretAccessKey", aws.secretAccessKey != nil)
    }

    private mutating func checkIsReference<Value>(_ setting: Setting<Value>, _ path: String, _ isGiven: Bool) {
        guard isGiven, !setting.isSecret else { return }
        warning(setting.position, path, "stands in the file for everybody to read", remedy: "use `${env:NAME}` or `${file:path}`")
    }

    private static func isNameByte(_ byte: UInt8) -> Bool { ASCII.isDigit(byte) || ASCII.isLetter(byte) || [0x2d, 0x2e, 0x5f].contains(byte) }
}
