package import GatewayCore
package import Model
package import Schema

/// TLS of callouts, as a setting.
package struct CalloutTLSSettings: Settings {
    @Setting("Name to ask for (SNI) and to check. Left out: the URL's host.")
    package var serverName: ServerName?

    @Setting("PEM file of the authorities to trust. Left out: the system's, or those of `SSL_CERT_FILE`.")
    package var authorities: ConfigurationFile?

    @Setting("PEM file of the certificate to show, with its chain. Needs `key`.")
    package var certificate: ConfigurationFile?

    @Setting("PEM file of the certificate's key, without a password.")
    package var key: ConfigurationFile?

    @Setting("False trusts every certificate: for trials only.")
    package var verify: Bool = true

    package init() {}
}

extension PolicyContext {
    /// Reads the files that a policy's `tls` names. Nil: no TLS is spoken with this URL.
    ///
    /// - Parameter path: the setting, for messages.
    package func security(
        of url: CalloutURL, _ settings: CalloutTLSSettings?, version: UpstreamVersion, _ path: String = "tls"
    ) throws(PolicyError) -> (any FetchSecurity)? {
        guard url.isSecure else {
            if settings != nil { throw PolicyError("`tls` is for URLs of https", path: path) }
            return nil
        }
        var tls = CalloutTLS()
        if let settings {
            guard (settings.certificate == nil) == (settings.key == nil) else {
                throw PolicyError("`certificate` and `key` are given together", path: path)
            }
            if !settings.verify { warn("every certificate is trusted", path: "\(path).verify", remedy: "for trials only") }
            tls.serverName = settings.serverName?.text
            tls.authorities = settings.authorities?.path
            tls.certificate = settings.certificate?.path
            tls.key = settings.key?.path
            tls.verifies = settings.verify
        }
        do throws(CalloutTLSError) {
            return try callouts.security(tls, version: version)
        } catch {
            throw PolicyError(error.message, path: path, remedy: error.remedy)
        }
    }
}
