import Primitives

/// The answer of a device authorization endpoint (RFC 8628 §3.2).
package struct DeviceAuthorization: Sendable, Equatable {
    package let deviceCode: String
    package let userCode: String
    package let lifetime: Int
    package let interval: Int
}

extension TokenServer {
    /// A device begins.
    package func authorizeDevice(_ client: OAuthClient, scope: String?, now: Int) throws(OAuthError) -> DeviceAuthorization {
        try require(.deviceCode, of: client)
        let scopes = try scopes(scope, for: client)
        let expires = now + settings.deviceLifetime
        let (code, hash) = try random { () throws(CryptoError) in
            let code = try OpaqueToken.make()
            return (code, try OpaqueToken.hash(code))
        }
        // That two codes are the same is as good as impossible, but the second person would decide about the first one's device.
        for _ in 0..<4 {
            let userCode = try random { () throws(CryptoError) in try UserCode.make() }
            guard let typed = UserCode.normalised(userCode) else { continue }
            let isNew = try stored { () throws(GrantStoreError) in
                try store.update(GrantKey(.userCode, typed), now: now) { record in
                    guard record == nil else { return false }
                    record = GrantRecord(.string(hash), expires: expires)
                    return true
                }
            }
            guard isNew else { continue }
            let grant = DeviceGrant(
                client: client.id, scopes: scopes, userCode: userCode, expires: expires, interval: settings.deviceInterval)
            try stored { () throws(GrantStoreError) in
                // A minute longer than it is good for, so that the device learns that it has expired.
                let record = GrantRecord(grant.json, expires: expires + 60)
                try store.update(GrantKey(.device, hash), now: now) { $0 = record }
            }
            return DeviceAuthorization(
                deviceCode: code, userCode: userCode, lifetime: settings.deviceLifetime, interval: settings.deviceInterval)
        }
        throw OAuthError(.temporarilyUnavailable, "There is no free user code.")
    }

    /// What a person is about to decide; nil when the code stands for nothing.
    package func device(userCode: String, now: Int) throws(OAuthError) -> DeviceGrant? {
        guard let typed = UserCode.normalised(userCode), let hash = try deviceHash(typed, now: now) else { return nil }
        let record = try stored { () throws(GrantStoreError) in try store.record(GrantKey(.device, hash), now: now) }
        guard let grant = DeviceGrant(record?.value), grant.state == .pending else { return nil }
        return grant
    }

    /// A person decides; nil: refuses. False: there was nothing to decide any more.
    package func decideDevice(userCode: String, _ subject: GrantSubject?, now: Int) throws(OAuthError) -> Bool {
        guard let typed = UserCode.normalised(userCode), let hash = try deviceHash(typed, now: now) else { return false }
        let isDecided = try stored { () throws(GrantStoreError) in
            try store.update(GrantKey(.device, hash), now: now) { record in
                guard var grant = DeviceGrant(record?.value), grant.decide(subject, now: now) else { return false }
                record?.value = grant.json
                return true
            }
        }
        // The code is used: nobody can type it again.
        try stored { () throws(GrantStoreError) in try store.update(GrantKey(.userCode, typed), now: now) { $0 = nil } }
        return isDecided
    }

    private func deviceHash(_ typed: String, now: Int) throws(OAuthError) -> String? {
        try stored { () throws(GrantStoreError) in try store.record(GrantKey(.userCode, typed), now: now) }?.value.string
    }

    /// The device asks for its tokens (RFC 8628 §3.4).
    package func redeem(deviceCode: String, _ client: OAuthClient, now: Int) throws(OAuthError) -> IssuedTokens {
        try require(.deviceCode, of: client)
        let (hash, token) = try random { () throws(CryptoError) in (try OpaqueToken.hash(deviceCode), try RefreshToken.make()) }
        let outcome = try stored { () throws(GrantStoreError) in
            try store.update(GrantKey(.device, hash), now: now) { record in
                guard var grant = DeviceGrant(record?.value) else { return DeviceGrant.Outcome.refused(DeviceGrant.invalid) }
                let outcome = grant.poll(client: client.id, now: now)
                record?.value = grant.json
                return outcome
            }
        }
        switch outcome {
        case .refused(let error): throw error
        case .granted(let subject): return try begin(subject, client: client, token: token, now: now)
        }
    }
}
