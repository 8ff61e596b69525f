/// How far an exchange has come in the chain of its route.
package struct ChainProgress {
    /// Steps that the request has come to: the response passes these, in reverse.
    package var reached = 0
    /// One bit for each step whose condition did not hold for the request.
    package var skipped: UInt64 = 0
    /// Of the steps with something to do for the response, how many have had it.
    package var responded = 0
    /// Tells the tasks of a chain that was given up from the one that it waits for.
    package var ticket: UInt32 = 0
    /// The step that is running; says whose memo `Exchange.memo` is.
    package var step = 0
    /// One for each step of the chain; empty until a policy keeps something.
    package var memos: ContiguousArray<Memo> = []

    package init() {}

    package mutating func clear() {
        reached = 0
        skipped = 0
        responded = 0
        ticket &+= 1
        step = 0
        if !memos.isEmpty { memos.removeAll(keepingCapacity: true) }
    }
}

/// What a policy remembers of an exchange from one phase to the next: two numbers, and an object for more.
package struct Memo {
    package var first: UInt64 = 0
    package var second: UInt64 = 0
    package var object: AnyObject?
    package init() {}
}

extension Exchange {
    /// The memo of the policy that is running.
    package var memo: Memo {
        get { chain.memos.indices.contains(chain.step) ? chain.memos[chain.step] : Memo() }
        set {
            while chain.memos.count <= chain.step { chain.memos.append(Memo()) }
            chain.memos[chain.step] = newValue
        }
    }
}
