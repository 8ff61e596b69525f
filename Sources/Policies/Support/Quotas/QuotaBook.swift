import GatewayCore
import Model
import PolicyKit
import Primitives
import Reactor
import SharedState
import Synchronization

/// Several windows of a quota that are spent together, and where that is noted. What asks and settles is an exchange on its loop.
final class QuotaBook: Sendable {
    struct Settings: Sendable {
        /// In fields, logs and events.
        var label: String
        /// What the counters are named after: the same on every gateway and from one configuration to the next.
        var place: String
        /// Names what the fields call the windows by themselves, where there is one alone.
        var headers = RateLimitFields.Kind.standard
        /// Refused calls count, too.
        var countsRefused = false
        /// Nothing is refused.
        var isDryRun = false
    }

    let rules: [QuotaRule]
    let key: QuotaKey.Compiled
    let settings: Settings
    let fields: QuotaFields
    let teller: QuotaTeller
    private let windows: LoopLocal<[Calendar.Window?]>
    private let receipts: LoopLocal<[QuotaReceipt]>
    private let place: [UInt8]
    private let names: [[UInt8]]
    /// Bytes of requests, or of responses, are counted.
    let countsRequests: Bool, countsResponses: Bool

    private static let pooled = 256

    init(_ rules: [QuotaRule], by key: QuotaKey.Compiled, _ settings: Settings, _ context: PolicyContext) {
        self.rules = rules
        self.key = key
        self.settings = settings
        fields = QuotaFields(settings.headers, label: settings.label, rules)
        teller = QuotaTeller(settings.label, rules, context.events)
        windows = LoopLocal(loops: context.loops) { Array(repeating: nil, count: rules.count) }
        receipts = LoopLocal(loops: context.loops) { [] }
        place = Array("quota/\(settings.place)/".utf8)
        names = rules.map { Array("/\($0.name)".utf8) }
        countsRequests = rules.contains { $0.bytes == .both || $0.bytes == .request }
        countsResponses = rules.contains { $0.bytes == .both || $0.bytes == .response }
    }

    /// Works out what the exchange asks for.
    ///
    /// - Parameter calls: what it costs where calls are counted.
    func open(_ exchange: Exchange, calls: Int) -> QuotaReceipt {
        let receipt = receipts[exchange].popLast() ?? QuotaReceipt()
        let loop = exchange.loop
        receipt.wall = loop.wallClock
        key.append(exchange, to: &receipt.key)
        for (i, rule) in rules.enumerated() {
            receipt.limits.append(rule.amount(exchange))
            let window = window(i, exchange)
            receipt.starts.append(window.start)
            receipt.lengths.append(window.end - window.start)
            // At least one byte, so that nothing passes when nothing is left.
            let amount = rule.bytes.map { $0 == .response ? 1 : max(1, exchange.request.announcedSize) } ?? max(0, calls)
            receipt.spent.append(amount)
            if receipt.demands.count <= i { receipt.demands.append(CounterDemand(key: [], amount: 0, limit: 0, ends: 0)) }
            receipt.demands[i].amount = amount
            receipt.demands[i].limit = rule.isSoft || settings.isDryRun ? QuotaRule.unlimited : receipt.limits[i]
            address(i, window, receipt)
        }
        return receipt
    }

    /// The receipt is not needed any more, unless a task of an exchange that was given up still waits with it.
    func close(_ receipt: QuotaReceipt, _ exchange: Exchange) {
        guard !receipt.isWaiting else { return }
        receipt.clear()
        if receipts[exchange].count < QuotaBook.pooled { receipts[exchange].append(receipt) }
    }

    // MARK: Asking

    /// False: the store has to be waited for.
    func askNow(_ receipt: QuotaReceipt, in store: any SharedStore, _ exchange: Exchange) -> Bool {
        guard let outcome = store.spendNow(receipt.demands, isForced: false, wall: receipt.wall) else { return false }
        receipt.take(outcome, from: store)
        if !outcome.allowed, settings.countsRefused { _ = store.spendNow(receipt.demands, isForced: true, wall: receipt.wall) }
        teller.tell(receipt, exchange)
        return true
    }

    /// Nil: it has been decided.
    func ask(_ receipt: QuotaReceipt, in store: any SharedStore, _ exchange: Exchange) async -> StoreError? {
        let loop = exchange.loop
        receipt.isWaiting = true
        let answer = await store.spend(receipt.demands, isForced: false, on: loop)
        receipt.isWaiting = false
        switch answer {
        case .success(let outcome): receipt.take(outcome, from: store)
        case .failure(let error): return error
        }
        if !receipt.isAllowed, settings.countsRefused { spend(receipt.demands, in: store, receipt, loop) }
        teller.tell(receipt, exchange)
        return nil
    }

    // MARK: Settling

    /// Bytes after which a body that is still passing is noted.
    static let stride = 1 << 20

    /// The exchange is over, or goes on with a long body: notes what it has really cost. What passes in a later window is of that one.
    ///
    /// - Parameter calls: what it has cost where calls are counted; nil for what was asked.
    func settle(_ receipt: QuotaReceipt, _ exchange: Exchange, calls: Int?, isOver: Bool = true) {
        guard let store = receipt.store else { return }
        var demands: [CounterDemand] = []
        var places: [Int] = []
        for (i, rule) in rules.enumerated() {
            guard let cost = cost(rule, exchange, calls) else { continue }
            var amount = cost - receipt.spent[i]
            guard isOver ? amount != 0 : amount >= QuotaBook.stride else { continue }
            receipt.spent[i] = cost
            let window = window(i, exchange)
            if !rule.isFromFirstUse, window.start != receipt.starts[i] {
                // What was asked for too much is gone with its window.
                amount = max(0, amount)
                receipt.starts[i] = window.start
                address(i, window, receipt)
            }
            receipt.demands[i].amount = amount
            demands.append(receipt.demands[i])
            places.append(i)
        }
        guard !demands.isEmpty else { return }
        if let outcome = store.spendNow(demands, isForced: true, wall: exchange.loop.wallClock) {
            teller.tell(demands, places, receipt.limits, outcome, receipt.key, wall: exchange.loop.wallClock)
        } else {
            spend(demands, places, in: store, receipt, exchange.loop)
        }
    }

    private func cost(_ rule: QuotaRule, _ exchange: Exchange, _ calls: Int?) -> Int? {
        switch rule.bytes {
        case .both: exchange.requestBytes &+ exchange.responseBytes
        case .request: exchange.requestBytes
        case .response: exchange.responseBytes
        case nil: calls.map { max(0, $0) }
        }
    }

    /// Spends what nobody waits for.
    private func spend(_ demands: [CounterDemand], _ places: [Int] = [], in store: any SharedStore, _ receipt: QuotaReceipt, _ loop: EventLoop) {
        let (limits, key) = (receipt.limits, receipt.key)
        Task(executorPreference: loop) { [teller] in
            guard case .success(let outcome) = await store.spend(demands, isForced: true, on: loop) else { return }
            teller.tell(demands, places, limits, outcome, key, wall: loop.wallClock)
        }
    }

    // MARK: Windows

    private func window(_ rule: Int, _ exchange: Exchange) -> Calendar.Window {
        let now = Int(truncatingIfNeeded: exchange.loop.wallClock / 1_000_000_000)
        if rules[rule].isFromFirstUse { return Calendar.Window(start: now, end: rules[rule].calendar.end(of: rules[rule].unit, from: now)) }
        if let known = windows[exchange][rule], known.contains(now) { return known }
        let window = rules[rule].calendar.window(rules[rule].unit, at: now)
        windows[exchange][rule] = window
        return window
    }

    /// The counter of a window. Those of one caller have a part in braces in common, so that a cluster keeps them together.
    private func address(_ rule: Int, _ window: Calendar.Window, _ receipt: QuotaReceipt) {
        receipt.demands[rule].ends = UInt64(clamping: window.end) &* 1_000_000_000
        receipt.demands[rule].key.removeAll(keepingCapacity: true)
        receipt.demands[rule].key += place
        receipt.demands[rule].key += QuotaBook.open
        receipt.demands[rule].key += receipt.key
        receipt.demands[rule].key += QuotaBook.shut
        receipt.demands[rule].key += names[rule]
        guard !rules[rule].isFromFirstUse else { return }
        receipt.demands[rule].key.append(UInt8(ascii: "/"))
        QuotaBook.append(decimal: window.start, to: &receipt.demands[rule].key)
    }

    private static let open = Array("{:".utf8), shut = Array("}".utf8)

    private static func append(decimal number: Int, to out: inout [UInt8]) {
        let first = out.count
        var rest = number.magnitude
        repeat {
            out.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        if number < 0 { out.append(UInt8(ascii: "-")) }
        out[first...].reverse()
    }
}
