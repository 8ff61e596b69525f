import Expressions

/// A policy in a chain, as one phase sees it.
struct RequestStep: Sendable {
    enum Action: Sendable {
        /// Only the condition is looked at: it is the request that decides whether the policy acts on the response.
        case none
        case now(any RequestPolicy)
        case later(any AsyncRequestPolicy)
    }

    let index: Int
    let instance: PolicyInstance
    let condition: Expression?
    let action: Action
    let body: (any RequestBodyPolicy)?
}

struct ResponseStep: Sendable {
    enum Action: Sendable {
        case none
        case now(any ResponsePolicy)
        case later(any AsyncResponsePolicy)
    }

    let index: Int
    let instance: PolicyInstance
    /// Only one that asks of the response; others have been decided with the request.
    let condition: Expression?
    let action: Action
    let body: (any ResponseBodyPolicy)?
}

struct FinishStep: Sendable {
    let index: Int
    let instance: PolicyInstance
    /// Only one that asks of the response; others have been decided with the request.
    let condition: Expression?
    let policy: any FinishPolicy
}
