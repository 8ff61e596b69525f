import Schema

/// What becomes of the digest of a body that is signed.
package enum DigestRule: String, SettingChoice {
    case required, optional, ignored
}
