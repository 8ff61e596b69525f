import Schema
import SharedState

/// What becomes of requests while the store of a limit does not answer.
package enum OnStoreFailure: String, SettingChoice { case allow, deny, local }

extension StoreKind: SettingChoice {}
