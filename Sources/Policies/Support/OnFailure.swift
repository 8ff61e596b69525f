import Schema

/// What becomes of requests while a service that decides about them does not answer.
package enum OnFailure: String, SettingChoice {
    case refuse, allow
}
