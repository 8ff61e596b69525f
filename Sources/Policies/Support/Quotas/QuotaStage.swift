import GatewayCore
import PolicyKit
import Primitives

/// Notes the bytes of a long body while they pass: what is still under way counts for what comes meanwhile.
final class QuotaStage: BodyStage {
    // The exchange owns the stage, and lets go of it when it ends.
    private unowned let exchange: Exchange
    private let book: QuotaBook
    private let receipt: QuotaReceipt
    private var passed = 0

    private init(_ exchange: Exchange, _ book: QuotaBook, _ receipt: QuotaReceipt) {
        self.exchange = exchange
        self.book = book
        self.receipt = receipt
    }

    /// What sees the request's body, if it is long or nobody knows.
    static func request(_ exchange: Exchange, _ book: QuotaBook, _ receipt: QuotaReceipt) -> BodyDemand {
        demand(exchange.request.framing, book.countsRequests, exchange, book, receipt)
    }

    /// The same of the response's.
    static func response(_ exchange: Exchange, _ book: QuotaBook, _ receipt: QuotaReceipt) -> BodyDemand {
        demand(exchange.response.framing, book.countsResponses, exchange, book, receipt)
    }

    private static func demand(
        _ framing: BodyFraming, _ isCounted: Bool, _ exchange: Exchange, _ book: QuotaBook, _ receipt: QuotaReceipt
    ) -> BodyDemand {
        guard isCounted, receipt.store != nil else { return .none }
        switch framing {
        case .none: return .none
        case .length(let count) where count < QuotaBook.stride: return .none
        case .length, .chunked, .untilClose: return .stream(QuotaStage(exchange, book, receipt))
        }
    }

    var keepsLength: Bool { true }

    func take(_ bytes: ByteView, _ next: (ByteView) throws(GatewayError) -> Void) throws(GatewayError) {
        try next(bytes)
        passed &+= bytes.count
        guard passed >= QuotaBook.stride else { return }
        passed = 0
        book.settle(receipt, exchange, calls: nil, isOver: false)
    }
}
