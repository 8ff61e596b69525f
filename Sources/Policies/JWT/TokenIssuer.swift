import GatewayCore
import Identity
import Model
import PolicyKit
import Schema

/// One issuer, with what its tokens must say.
struct TokenIssuer: Sendable {
    /// Nil: whoever has signed with the keys.
    let name: String?
    let rules: TokenRules
    let keys: TokenKeys
}

/// An issuer's settings, whether they stand in a list or are the policy's own.
struct TokenIssuerSource {
    var name: String?
    var audience: [String]
    var jwksUrl: CalloutURL?
    var discovery: Bool
    var jwksFile: ConfigurationFile?
    var pem: SecretText?
    var keys: [TokenKeySettings]
    var algorithms: [SignatureAlgorithm]?
    var position: SourcePosition
    var path: String

    init(_ config: JWT.Config) {
        name = config.issuer
        audience = config.audience.texts
        jwksUrl = config.jwksUrl
        discovery = config.discovery
        jwksFile = config.jwksFile
        pem = config.pem
        keys = config.keys
        algorithms = config.algorithms
        position = .none
        path = ""
    }

    init(_ settings: TokenIssuerSettings, _ config: JWT.Config, place: Int) {
        name = settings.issuer
        audience = (settings.audience ?? config.audience).texts
        jwksUrl = settings.jwksUrl
        discovery = settings.discovery
        jwksFile = settings.jwksFile
        pem = settings.pem
        keys = settings.keys
        algorithms = settings.algorithms ?? config.algorithms
        position = settings.origin.position
        path = "issuers[\(place)]"
    }

    /// Whether there is anything that says what keys it has.
    var hasKeys: Bool { jwksUrl != nil || discovery || jwksFile != nil || pem != nil || !keys.isEmpty }

    private func error(_ message: String, _ setting: String = "", remedy: String? = nil) -> PolicyError {
        let place = path.isEmpty || setting.isEmpty ? path + setting : "\(path).\(setting)"
        return PolicyError(message, at: position, path: place, remedy: remedy)
    }

    /// Checks everything that can be checked before a request comes.
    func issuer(_ rules: TokenRules, _ loader: TokenKeyLoader) throws(PolicyError) -> TokenIssuer {
        if let name, name.isEmpty { throw error("an issuer has a name", "issuer") }
        var rules = rules
        rules.issuers = name.map { [$0] } ?? []
        rules.audiences = audience
        let published = (jwksUrl == nil ? 0 : 1) + (discovery ? 1 : 0) + (jwksFile == nil ? 0 : 1)
        guard published <= 1, published == 0 || (pem == nil && keys.isEmpty) else {
            throw error("keys come from one place: `jwksUrl`, `discovery`, `jwksFile`, or `pem` and `keys`")
        }
        if let jwksUrl { return TokenIssuer(name: name, rules: rules, keys: .published(try loader.keys(at: jwksUrl, algorithms, path))) }
        if discovery {
            guard let name, let url = try? CalloutURL(parsing: name) else {
                throw error("discovery begins at the issuer, which has to be a URL", "discovery", remedy: "such as `issuer: https://id.example.com`")
            }
            return TokenIssuer(name: name, rules: rules, keys: .published(try loader.keys(of: name, url, algorithms, path)))
        }
        if let jwksFile { return TokenIssuer(name: name, rules: rules, keys: .published(try loader.keys(in: jwksFile, algorithms, position, path))) }
        return TokenIssuer(name: name, rules: rules, keys: .fixed(try fixedKeys()))
    }

    private func fixedKeys() throws(PolicyError) -> VerifyingKeys {
        var found: [VerifyingKey] = []
        if let pem {
            do throws(KeyError) { found.append(try VerifyingKey(pem: pem.text, algorithms: algorithms)) } catch {
                throw self.error(error.message, "pem")
            }
        }
        for (i, key) in keys.enumerated() {
            do throws(KeyError) {
                found.append(try key.verifyingKey(algorithms))
            } catch {
                let prefix = path.isEmpty ? "" : path + "."
                throw PolicyError(error.message, at: key.origin.position, path: "\(prefix)keys[\(i)]")
            }
        }
        guard !found.isEmpty else {
            throw error(
                "there are no keys to verify tokens with", remedy: "`jwksUrl`, `discovery: true`, `jwksFile`, `pem`, or `keys`")
        }
        return VerifyingKeys(found)
    }
}
