private import Synchronization

/// Work that other threads hand to an event loop.
///
/// Emptying it takes its lock only when the flag says that something is there, so a loop without mail never does.
package final class Mailbox: Sendable {
    package enum Item: Sendable {
        case job(UnownedJob)
        case work(@Sendable () -> Void)
    }

    private let items = Mutex<ContiguousArray<Item>>([])
    private let flag = Atomic<Bool>(false)

    package init() {}

    /// Adds an item; true when the loop has to be woken for it.
    package func put(_ item: Item) -> Bool {
        items.withLock { $0.append(item) }
        return !flag.exchange(true, ordering: .acquiringAndReleasing)
    }

    package var hasMail: Bool { flag.load(ordering: .acquiring) }

    /// All items, in the order in which they came.
    package func take() -> ContiguousArray<Item> {
        flag.store(false, ordering: .releasing)
        return items.withLock { items in
            var taken: ContiguousArray<Item> = []
            swap(&taken, &items)
            return taken
        }
    }
}
