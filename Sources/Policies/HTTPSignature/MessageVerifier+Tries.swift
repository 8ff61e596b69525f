import GatewayCore
import Identity
import PolicyKit
import Primitives

extension MessageVerifier {
    /// Goes through the signatures of one request.
    struct Tries {
        let exchange: Exchange
        private var last: SignatureError = .invalid
        private var isUnavailable = false

        init(_ exchange: Exchange) { self.exchange = exchange }

        enum Key {
            case known(MessageVerifyingKey, Principal?)
            case unavailable
        }

        /// Nil: that has to be waited for. For a key that nobody has there is one all the same, so that it takes as long.
        func key(of signature: MessageSignature, _ verifier: MessageVerifier, known: @autoclosure () -> SharedSecrets.Answer?) -> Key? {
            if let entry = verifier.keys[signature.parameters.keyID ?? ""] { return .known(entry.key, entry.principal) }
            switch known() {
            case nil: return nil
            case .unavailable: return .unavailable
            case .unknown: return .known(MessageVerifier.decoy, nil)
            case .secret(let secret, let principal): return .known(MessageVerifyingKey(secret: secret), principal)
            }
        }

        mutating func attempt(_ signature: MessageSignature, with key: Key, _ verifier: MessageVerifier) -> Decision? {
            guard case .known(let key, let principal) = key else {
                isUnavailable = true
                return nil
            }
            do throws(SignatureError) {
                let mark = try verifier.verify(signature, key, exchange)
                guard let principal else { throw SignatureError.invalid }
                let body = try verifier.body(of: signature, exchange)
                switch verifier.replays?.admit(mark, now: Int64(exchange.unixSeconds)) {
                case .new, nil: break
                case .seen: throw SignatureError.refused(.init("its nonce has been used before"))
                case .full: return .refused(.refuse(.authenticationBusy))
                }
                verifier.accept(principal, exchange)
                return .accepted(body)
            } catch {
                last = error
                return nil
            }
        }

        func failed(_ verifier: MessageVerifier) -> Decision {
            if isUnavailable { return .refused(.refuse(.identityUnavailable)) }
            if last == .failed { return .refused(.refuse(.internalError)) }
            return .refused(verifier.refuse(.credentialsInvalid, exchange, "The signature is not accepted: \(last)."))
        }
    }
}
